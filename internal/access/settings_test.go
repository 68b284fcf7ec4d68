package access

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"avow/internal/fault"
)

// The defaults are those of interfaces.md section 6: the value that is named first.
func TestSettingDefaults(t *testing.T) {
	t.Parallel()
	want := map[string]string{"session_token_as_key": "on", "one_attempt_per_combination": "off", "verification_required": "on", "webhook_retries": "days", "sync_send": "off", "legacy_review_link": "off", "brand_name": "", "language": "en",
		"questions": "10", "pass_mark": "60", "retake_wait": "0", "retention": "forever",
		"disable_failing_endpoints": "120h", "contact_email": ""}
	for name, value := range want {
		if got := (Settings{}).Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	for _, s := range KnownSettings {
		if value, ok := want[s.Name]; !ok || s.Default != value || s.Help == "" {
			t.Errorf("got setting %+v, want it in the documented list, with help", s)
		}
		if len(s.Values) > 0 && !slices.Contains(s.Values, s.Default) {
			t.Errorf("%s: got default %q, want one of %q", s.Name, s.Default, s.Values)
		}
	}
}

func TestSettingsGet(t *testing.T) {
	t.Parallel()
	set := Settings{SessionTokenAsKey: "off", BrandName: "Acme"}
	tests := []struct {
		settings   Settings
		name, want string
		on         bool
	}{
		{set, SessionTokenAsKey, "off", false},
		{set, OneAttemptPerCombination, "off", false},
		{set, BrandName, "Acme", false},
		{nil, SessionTokenAsKey, "on", true},
		{Settings{OneAttemptPerCombination: "on"}, OneAttemptPerCombination, "on", true},
		{Settings{BrandName: ""}, BrandName, "", false},
		{set, "unheard_of", "", false},
	}
	for _, tt := range tests {
		if got := tt.settings.Get(tt.name); got != tt.want {
			t.Errorf("%v, %s: got %q, want %q", tt.settings, tt.name, got, tt.want)
		}
		if got := tt.settings.On(tt.name); got != tt.on {
			t.Errorf("%v, %s: got on %t, want %t", tt.settings, tt.name, got, tt.on)
		}
	}
}

func TestSettingsOfAForm(t *testing.T) {
	t.Parallel()
	set := Settings{Questions: "25", RetakeWait: "90m"}
	if got := set.Number(Questions); got != 25 {
		t.Errorf("got %d questions, want 25", got)
	}
	if got := set.Number(PassMark); got != 60 {
		t.Errorf("got pass mark %d, want the default 60", got)
	}
	if got := set.Duration(RetakeWait); got != 90*time.Minute {
		t.Errorf("got wait %v, want 90m", got)
	}
	if got := (Settings{}).Duration(RetakeWait); got != 0 {
		t.Errorf("got wait %v, want the default 0", got)
	}
}

func TestCheckSetting(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name, value string
		want        error
		says        string // part of the sentence that the operator reads
	}{
		"switch on":              {SessionTokenAsKey, "on", nil, ""},
		"switch off":             {OneAttemptPerCombination, "off", nil, ""},
		"other switch on":        {OneAttemptPerCombination, "on", nil, ""},
		"other switch off":       {SessionTokenAsKey, "off", nil, ""},
		"no switch":              {SessionTokenAsKey, "yes", ErrSettingValue, "session_token_as_key takes on or off"},
		"switch in capitals":     {SessionTokenAsKey, "ON", ErrSettingValue, "on or off"},
		"empty switch":           {SessionTokenAsKey, "", ErrSettingValue, "on or off"},
		"schedule":               {WebhookRetries, "contract", nil, ""},
		"patience":               {DisableFailingEndpoints, "1s", nil, ""},
		"no patience":            {DisableFailingEndpoints, "0", ErrSettingValue, "from 1s to 720h"},
		"endless patience":       {DisableFailingEndpoints, "off", nil, ""},
		"too patient":            {DisableFailingEndpoints, "721h", ErrSettingValue, "or off"},
		"contact":                {ContactEmail, "ops@acme.example", nil, ""},
		"no contact":             {ContactEmail, "", nil, ""},
		"two contacts":           {ContactEmail, "a@acme.example,b@acme.example", ErrSettingValue, "one plain e-mail address"},
		"contact with a name":    {ContactEmail, "Ops <ops@acme.example>", ErrSettingValue, "one plain e-mail address"},
		"contact without domain": {ContactEmail, "ops@localhost", ErrSettingValue, "one plain e-mail address"},
		"no schedule":            {WebhookRetries, "on", ErrSettingValue, "webhook_retries takes days or contract"},
		"text":                   {BrandName, "Åke & Söner <AB>", nil, ""},
		"empty text":             {BrandName, "", nil, ""},
		"100 characters":         {BrandName, strings.Repeat("å", 100), nil, ""},
		"101 characters":         {BrandName, strings.Repeat("a", 101), ErrSettingValue, "at most 100 characters"},
		"line break":             {BrandName, "Acme\nBcc: x@evil.example", ErrSettingValue, "without control characters"},
		"tab":                    {BrandName, "a\tb", ErrSettingValue, "without control characters"},
		"no-break space":         {BrandName, "Acme\u00a0AB", nil, ""},
		"delete":                 {BrandName, "a\x7fb", ErrSettingValue, "without control characters"},
		"next line (C1)":         {BrandName, "a\u0085b", ErrSettingValue, "without control characters"},
		"language":               {Language, "sv", nil, ""},
		"language of a region":   {Language, "sv-SE", nil, ""},
		"language in a script":   {Language, "zh-Hant-TW", nil, ""},
		"language in words":      {Language, "swedish", ErrSettingValue, "a language such as en, sv or sv-SE"},
		"no language":            {Language, "", ErrSettingValue, "a language such as"},
		"a path for a language":  {Language, "../sv", ErrSettingValue, "a language such as"},
		"language without end":   {Language, "sv" + strings.Repeat("-sweden", 5), ErrSettingValue, "a language such as"},
		"kept for ever":          {Retention, "forever", nil, ""},
		"kept for a day":         {Retention, "24h", nil, ""},
		"kept for less":          {Retention, "23h59m", ErrSettingValue, "forever, or a duration from 24h"},
		"kept for no time":       {Retention, "", ErrSettingValue, "forever, or a duration"},
		"kept for too long":      {Retention, "876001h", ErrSettingValue, "to 876000h"},
		"questions":              {Questions, "30", nil, ""},
		"one question":           {Questions, "1", nil, ""},
		"no questions":           {Questions, "0", ErrSettingValue, "questions takes a whole number from 1 to 30"},
		"too many questions":     {Questions, "31", ErrSettingValue, "from 1 to 30"},
		"questions, padded":      {Questions, "010", ErrSettingValue, "a whole number"},
		"questions, signed":      {Questions, "+5", ErrSettingValue, "a whole number"},
		"questions, huge":        {Questions, "99999999999999999999", ErrSettingValue, "a whole number"},
		"questions in words":     {Questions, "ten", ErrSettingValue, "a whole number"},
		"pass mark":              {PassMark, "100", nil, ""},
		"pass mark for nothing":  {PassMark, "0", ErrSettingValue, "pass_mark takes a whole number from 1 to 100"},
		"pass mark over all":     {PassMark, "101", ErrSettingValue, "from 1 to 100"},
		"pass mark with sign":    {PassMark, "60%", ErrSettingValue, "a whole number"},
		"no wait":                {RetakeWait, "0", nil, ""},
		"wait":                   {RetakeWait, "24h30m", nil, ""},
		"longest wait":           {RetakeWait, "8760h", nil, ""},
		"longer wait":            {RetakeWait, "8760h1s", ErrSettingValue, "retake_wait takes a duration from 0 to 8760h"},
		"negative wait":          {RetakeWait, "-1h", ErrSettingValue, "a duration"},
		"wait without unit":      {RetakeWait, "24", ErrSettingValue, "a duration"},
		"unknown":                {"brand", "x", ErrSettingUnknown, "no setting brand; known are session_token_as_key, one_attempt_per_combination, verification_required, webhook_retries, sync_send, legacy_review_link, brand_name, language, questions, pass_mark, retake_wait"},
		"unknown in capitals":    {"BRAND_NAME", "x", ErrSettingUnknown, "BRAND_NAME"},
		"unknown, without value": {"", "", ErrSettingUnknown, "known are"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckSetting(tt.name, tt.value)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && !strings.Contains(fault.From(err).Message, tt.says) {
				t.Errorf("got %q, want %q in it", fault.From(err).Message, tt.says)
			}
		})
	}
}

// What is no duration that may be set keeps people for ever: a slip of a hand in the database must erase nobody.
func TestRetentionOfSettings(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{"": 0, Forever: 0, "24h": 24 * time.Hour, "8760h": 8760 * time.Hour, "1h": 0, "soon": 0} {
		kept, limited := Settings{Retention: value}.Retention()
		if limited != (want > 0) || limited && kept != want {
			t.Errorf("%q: got %v, %t, want %v", value, kept, limited, want)
		}
	}
	if _, limited := (Settings{}).Retention(); limited {
		t.Error("got a limit by default, want none")
	}
}
