package access

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"avow/internal/fault"
)

// The defaults are those of interfaces.md section 6: the value that is named first.
func TestSettingDefaults(t *testing.T) {
	t.Parallel()
	want := map[string]string{"session_token_as_key": "on", "one_attempt_per_combination": "off", "verification_required": "on", "webhook_retries": "days", "brand_name": "", "language": "en"}
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
		"unknown":                {"brand", "x", ErrSettingUnknown, "no setting brand; known are session_token_as_key, one_attempt_per_combination, verification_required, webhook_retries, brand_name, language"},
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
