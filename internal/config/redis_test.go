package config_test

import (
	"testing"

	"avow/internal/config"
)

func TestLoadRedis(t *testing.T) {
	t.Parallel()
	tests := map[string]config.Redis{
		"redis://h":                   {Addresses: []string{"h:6379"}},
		"redis://h/":                  {Addresses: []string{"h:6379"}},
		"redis://:secret@[::1]:1/15":  {Addresses: []string{"[::1]:1"}, Password: "secret", Database: 15},
		"redis://u:a%2Fb@h:1,i,[::1]": {Addresses: []string{"h:1", "i:6379", "[::1]:6379"}, User: "u", Password: "a/b"},
		"rediss://h:1,i:2/0":          {Addresses: []string{"h:1", "i:2"}, TLS: true},
		"redis-sentinel://h/main":     {Addresses: []string{"h:26379"}, Master: "main"},
		"rediss-sentinel://u:p@h:1,i:2/main?db=2&sentinel_user=s&sentinel_password=t%26": {
			Addresses: []string{"h:1", "i:2"}, Master: "main", TLS: true, User: "u", Password: "p", SentinelUser: "s", SentinelPassword: "t&", Database: 2,
		},
	}
	for text, want := range tests {
		got := load(t, config.Dev, "AVOW_REDIS_URL="+text).Redis
		if d := diff(got, want); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", text, d)
		}
	}
	if got := load(t, config.Dev).Redis; len(got.Addresses) != 0 {
		t.Errorf("got %d addresses without the setting, want none", len(got.Addresses))
	}
}
