package access

import (
	"regexp"
	"slices"
	"strings"

	"avow/internal/fault"
)

// Settings of an organisation by name; a name that is absent has its default.
type Settings map[string]string

// Setting is one name that `avow org set` takes.
type Setting struct {
	Name    string
	Default string
	Values  []string // empty: any text of at most 100 characters without control characters
	Help    string
}

// The settings' names.
const (
	SessionTokenAsKey        = "session_token_as_key"
	OneAttemptPerCombination = "one_attempt_per_combination"
	VerificationRequired     = "verification_required"
	WebhookRetries           = "webhook_retries"
	BrandName                = "brand_name"
	Language                 = "language"
)

// KnownSettings are the settings that an organisation has, with defaults that keep the contracts.
var KnownSettings = []Setting{
	{SessionTokenAsKey, "on", []string{"on", "off"}, "a live session's token is accepted as x-api-key on the calls that the reference says so for"},
	{OneAttemptPerCombination, "off", []string{"off", "on"}, "a rejected skill of a source cannot be tried again with the same endorsement type"},
	{VerificationRequired, "on", []string{"on", "off"}, "new accounts may have to verify their address; off: all are verified from the start"},
	{WebhookRetries, "days", []string{"days", "contract"}, "how often a webhook is tried: 13 times in three days, or 1 and 3 times more as the reference has it"},
	{BrandName, "", nil, "the name that mails and pages show; empty: the organisation's name"},
	{Language, "en", nil, "the language of mails to whoever has none of their own, such as en, sv or sv-SE"},
}

// ErrSettingUnknown and ErrSettingValue refuse `avow org set`.
var (
	ErrSettingUnknown = fault.New(fault.Invalid, "setting_unknown", "There is no such setting.")
	ErrSettingValue   = fault.New(fault.Invalid, "setting_value", "The setting does not take this value.")
)

const (
	maxSettingText = 100
	maxLanguage    = 35
)

// Get returns the value in force.
func (s Settings) Get(name string) string {
	if v, ok := s[name]; ok {
		return v
	}
	i := slices.IndexFunc(KnownSettings, func(k Setting) bool { return k.Name == name })
	if i < 0 {
		return ""
	}
	return KnownSettings[i].Default
}

// On reports whether a switch is on.
func (s Settings) On(name string) bool { return s.Get(name) == "on" }

// CheckSetting refuses unknown names and values.
func CheckSetting(name, value string) error {
	i := slices.IndexFunc(KnownSettings, func(k Setting) bool { return k.Name == name })
	if i < 0 {
		return ErrSettingUnknown.Saying("There is no setting " + name + "; known are " + strings.Join(settingNames(), ", ") + ".")
	}
	k := KnownSettings[i]
	if len(k.Values) > 0 && !slices.Contains(k.Values, value) {
		return ErrSettingValue.Saying("The setting " + name + " takes " + strings.Join(k.Values, " or ") + ".")
	}
	if len(k.Values) == 0 && (len([]rune(value)) > maxSettingText || strings.ContainsFunc(value, isControl)) {
		return ErrSettingValue.Saying("The setting " + name + " takes at most 100 characters without control characters.")
	}
	if name == Language && !IsLanguage(value) {
		return ErrSettingValue.Saying("The setting " + name + " takes a language such as en, sv or sv-SE.")
	}
	return nil
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// IsLanguage reports whether a text names a language: its code, then what makes it a variant (RFC 5646, without its rarer forms).
func IsLanguage(text string) bool { return len(text) <= maxLanguage && languageTag.MatchString(text) }

func settingNames() []string {
	var names []string
	for _, k := range KnownSettings {
		names = append(names, k.Name)
	}
	return names
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }
