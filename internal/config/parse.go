package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

const (
	keyBytes = 32
	maxKeys  = 3
)

// parsers turn a text into the type of a field. Those of secrets never put the
// text, nor an error that quotes it, into their own error.
var parsers = map[reflect.Type]env.ParserFunc{
	reflect.TypeFor[bool]():           parser(parseOnOff),
	reflect.TypeFor[int]():            parser(parseWhole),
	reflect.TypeFor[time.Duration]():  parser(parseDuration),
	reflect.TypeFor[[]string]():       parser(parseList),
	reflect.TypeFor[[]netip.Prefix](): parser(parseNetworks),
	reflect.TypeFor[mail.Address]():   parser(parseAddress),
	reflect.TypeFor[[]Secret]():       parser(parseRelays),
	reflect.TypeFor[Keys]():           parser(parseKeys),
	reflect.TypeFor[PrivateKey]():     parser(parsePrivateKey),
	reflect.TypeFor[Redis]():          parser(parseRedis),
	reflect.TypeFor[LogFormat]():      parser(parseLogFormat),
}

func parser[T any](parse func(string) (T, error)) env.ParserFunc {
	return func(text string) (any, error) { return parse(text) }
}

func parseOnOff(text string) (bool, error) {
	switch text {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("got %q, want on or off", text)
}

func parseWhole(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("got %q, want a whole number", text)
	}
	return n, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("got %q, want a duration above zero such as 36h, 15m or 30s", text)
	}
	return d, nil
}

func parseList(text string) ([]string, error) {
	return splitList(text), nil
}

// splitList drops blanks round entries and empty entries.
func splitList(text string) []string {
	var entries []string
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}

func parseNetworks(text string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, entry := range splitList(text) {
		network, err := netip.ParsePrefix(entry)
		if err != nil {
			return nil, fmt.Errorf("got %q, want a network such as 10.0.0.0/8 or fd00::/8", entry)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

func parseAddress(text string) (mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return mail.Address{}, fmt.Errorf("got %q, want one address such as Example <verify@example.org>", text)
	}
	return *address, nil
}

func parseLogFormat(text string) (LogFormat, error) {
	switch format := LogFormat(text); format {
	case LogText, LogJSON:
		return format, nil
	}
	return LogAuto, fmt.Errorf("got %q, want text or json", text)
}

func parseRelays(text string) ([]Secret, error) {
	var relays []Secret
	for i, entry := range splitList(text) {
		if !isRelay(entry) {
			return nil, fmt.Errorf("relay %d: want smtp://user:password@host:587 or smtps://host, percent-encoded, with no more than ?tls=required behind it", i+1)
		}
		relays = append(relays, Secret(entry))
	}
	return relays, nil
}

func isRelay(text string) bool {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return false
	}
	bare := u.Path == "" || u.Path == "/"
	query := u.RawQuery == "" || u.RawQuery == "tls=required"
	return u.Hostname() != "" && bare && query && u.Fragment == "" && portInRange(u.Port())
}

// portInRange accepts an absent port as well.
func portInRange(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func parseKeys(text string) (Keys, error) {
	entries := splitList(text)
	if len(entries) > maxKeys {
		return nil, fmt.Errorf("got %d keys, want at most %d", len(entries), maxKeys)
	}
	var keys Keys
	for i, entry := range entries {
		key, err := decodeKey(entry)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// decodeKey takes both base64 alphabets, padded or not: tools differ.
func decodeKey(text string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return nil, errors.New("want base64, as openssl rand -base64 32 prints it")
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("got %d bytes, want %d, as openssl rand -base64 32 prints them", len(key), keyBytes)
	}
	return key, nil
}
