package config

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "[secret]"

// Secret is a setting that must not reach a log, a terminal or an error: every
// way of printing or encoding it gives "[secret]".
type Secret string

// Reveal is the value itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string { return hidden }

// Format hides the value from every verb of fmt, %x and %#v included.
func (s Secret) Format(f fmt.State, _ rune) { hide(f) }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value from encoders such as JSON; it never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Keys are secret keys of 32 bytes each; printing or encoding them gives
// "[secret]". Convert to [][]byte for the one place that needs them.
type Keys [][]byte

// String hides the keys.
func (k Keys) String() string { return hidden }

// Format hides the keys from every verb of fmt, %x and %#v included.
func (k Keys) Format(f fmt.State, _ rune) { hide(f) }

// LogValue hides the keys from slog.
func (k Keys) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the keys from encoders such as JSON; it never fails.
func (k Keys) MarshalText() ([]byte, error) { return []byte(hidden), nil }

func hide(w io.Writer) {
	// A printer that cannot write has nobody to tell.
	_, _ = io.WriteString(w, hidden)
}
