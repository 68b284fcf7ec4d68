package access

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	SyncSend                 = "sync_send"
	LegacyReviewLink         = "legacy_review_link"
	BrandName                = "brand_name"
	Language                 = "language"
	Questions                = "questions"
	PassMark                 = "pass_mark"
	RetakeWait               = "retake_wait"
	DisableFailingEndpoints  = "disable_failing_endpoints"
	ContactEmail             = "contact_email"
	Retention                = "retention"
)

// KnownSettings are the settings that an organisation has, with defaults that keep the contracts.
var KnownSettings = []Setting{
	{SessionTokenAsKey, "on", []string{"on", "off"}, "a live session's token is accepted as x-api-key on the calls that the reference says so for"},
	{OneAttemptPerCombination, "off", []string{"off", "on"}, "a rejected skill of a source cannot be tried again with the same endorsement type"},
	{VerificationRequired, "on", []string{"on", "off"}, "new accounts may have to verify their address; off: all are verified from the start"},
	{WebhookRetries, "days", []string{"days", "contract"}, "how often a webhook is tried: 13 times in three days, or 1 and 3 times more as the reference has it"},
	{SyncSend, "off", []string{"off", "on"}, "send-email waits for the relay and answers EMAIL_SEND_FAILED when it refuses"},
	{LegacyReviewLink, "off", []string{"off", "on"}, "the review link that send-email answers can endorse in live mode, too: whoever holds the API key can then endorse"},
	{BrandName, "", nil, "the name that mails and pages show; empty: the organisation's name"},
	{Language, "en", nil, "the language of mails to whoever has none of their own, such as en, sv or sv-SE"},
	{Questions, "10", nil, "how many questions an assessment has; more when it has more skills, because each gets one"},
	{PassMark, "60", nil, "per cent of right answers that pass an assessment"},
	{RetakeWait, "0", nil, "how long after a failed assessment it can be retaken, such as 0, 15m or 24h"},
	{DisableFailingEndpoints, "120h", nil, "for how long an endpoint or callback takes nothing before it is disabled, such as 120h; off: never"},
	{ContactEmail, "", nil, "who is told by mail that an endpoint was disabled; empty: nobody"},
	{Retention, Forever, nil, "how long people of the skill API are kept after the last that was done with them, such as 8760h; forever: until they are erased"},
}

// Forever is the retention of an organisation that keeps people until they are erased.
const Forever = "forever"

// form is what the text of a setting must look like.
type form struct {
	valid func(string) bool
	takes string
}

const (
	maxQuestions  = 30 // what every skill of the bank has: more could not be drawn without repeating
	maxPassMark   = 100
	maxRetakeWait = 8760 * time.Hour
	maxPatience   = 720 * time.Hour // as long as what an endpoint has missed is kept
	minRetention  = 24 * time.Hour
	maxRetention  = 100 * 8760 * time.Hour
)

// forms has the settings whose text is not free.
var forms = map[string]form{
	Language:   {IsLanguage, "a language such as en, sv or sv-SE"},
	Questions:  {isNumber(maxQuestions), "a whole number from 1 to 30"},
	PassMark:   {isNumber(maxPassMark), "a whole number from 1 to 100"},
	RetakeWait: {isWait, "a duration from 0 to 8760h, such as 0, 15m or 24h"},

	DisableFailingEndpoints: {isPatience, "a duration from 1s to 720h, such as 120h, or off"},
	ContactEmail:            {isContact, "one plain e-mail address, or nothing"},
	Retention:               {isRetention, "forever, or a duration from 24h to 876000h such as 8760h"},
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

// Number returns the value in force of a setting that is a whole number.
func (s Settings) Number(name string) int {
	n, _ := strconv.Atoi(s.Get(name)) // CheckSetting has seen it
	return n
}

// Duration returns the value in force of a setting that is a duration.
func (s Settings) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.Get(name)) // CheckSetting has seen it; 0 for one that is off
	return d
}

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
	if f, ok := forms[name]; ok && !f.valid(value) {
		return ErrSettingValue.Saying("The setting " + name + " takes " + f.takes + ".")
	}
	return nil
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// IsLanguage reports whether a text names a language: its code, then what makes it a variant (RFC 5646, without its rarer forms).
func IsLanguage(text string) bool { return len(text) <= maxLanguage && languageTag.MatchString(text) }

var plainNumber = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)

// isNumber makes the check of a whole number from 1 on, in its only spelling.
func isNumber(most int) func(string) bool {
	return func(text string) bool {
		n, err := strconv.Atoi(text)
		return err == nil && n <= most && plainNumber.MatchString(text)
	}
}

func isWait(text string) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d >= 0 && d <= maxRetakeWait
}

func isPatience(text string) bool {
	d, err := time.ParseDuration(text)
	return text == "off" || err == nil && d >= time.Second && d <= maxPatience
}

var plainAddress = regexp.MustCompile(`^[^\s@<>,;:"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

func isContact(text string) bool { return text == "" || plainAddress.MatchString(text) }

func isRetention(text string) bool {
	d, err := time.ParseDuration(text)
	return text == Forever || err == nil && d >= minRetention && d <= maxRetention
}

// Retention returns how long people are kept after the last that was done with them; false: for ever.
func (s Settings) Retention() (kept time.Duration, limited bool) {
	if s.Get(Retention) == Forever {
		return 0, false
	}
	d := s.Duration(Retention)
	return d, d >= minRetention
}

func settingNames() []string {
	var names []string
	for _, k := range KnownSettings {
		names = append(names, k.Name)
	}
	return names
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }
