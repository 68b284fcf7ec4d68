package skill

import (
	"errors"
	"testing"

	"avow/internal/access"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	key := &access.Key{ID: "key_1"}
	session := func(verification string) *Session {
		return &Session{Verification: verification, ExpiresAt: start.Add(1)}
	}
	expired := &Session{Verification: "v1", ExpiresAt: start}
	off := access.Settings{access.SessionTokenAsKey: "off"}
	tests := map[string]struct {
		state    State
		carriers Carriers
		want     error
	}{
		"key and id":                        {State{Key: key, Session: session("v1")}, Carriers{IDs: []string{"v1"}}, nil},
		"key and token":                     {State{Key: key, Session: session("v1")}, Carriers{Tokens: []string{"t1"}}, nil},
		"everything at once":                {State{Key: key, Session: session("v1")}, Carriers{Tokens: []string{"t1", "t1"}, IDs: []string{"v1", "v1"}}, nil},
		"token in the key's place":          {State{Pass: session("v1"), Session: session("v1")}, Carriers{}, nil},
		"token in the key's place and id":   {State{Pass: session("v1"), Session: session("v1")}, Carriers{IDs: []string{"v1"}}, nil},
		"nothing":                           {State{Key: key}, Carriers{}, ErrNoCarrier},
		"no key":                            {State{Session: session("v1")}, Carriers{IDs: []string{"v1"}}, access.ErrKeyUnknown},
		"revoked key":                       {State{Key: &access.Key{RevokedAt: start}, Session: session("v1")}, Carriers{IDs: []string{"v1"}}, access.ErrKeyUnknown},
		"no key, nothing else right":        {State{}, Carriers{Tokens: []string{"t1", "t2"}}, access.ErrKeyUnknown},
		"switched off":                      {State{Pass: session("v1"), Session: session("v1"), Settings: off}, Carriers{}, access.ErrKeyUnknown},
		"expired in the key's place":        {State{Pass: expired, Session: expired}, Carriers{}, access.ErrKeyUnknown},
		"two tokens":                        {State{Key: key, Session: session("v1")}, Carriers{Tokens: []string{"t1", "t2"}}, ErrSessionMismatch},
		"two ids":                           {State{Key: key, Session: session("v1")}, Carriers{IDs: []string{"v1", "v2"}}, ErrSessionMismatch},
		"token and id":                      {State{Key: key, Session: session("v1")}, Carriers{Tokens: []string{"t1"}, IDs: []string{"v2"}}, ErrSessionMismatch},
		"unknown token and id":              {State{Key: key}, Carriers{Tokens: []string{"t1"}, IDs: []string{"v1"}}, ErrSessionUnknown},
		"unknown id":                        {State{Key: key}, Carriers{IDs: []string{"v1"}}, ErrSessionUnknown},
		"expired":                           {State{Key: key, Session: expired}, Carriers{IDs: []string{"v1"}}, ErrSessionUnknown},
		"expired by token, other id":        {State{Key: key, Session: expired}, Carriers{Tokens: []string{"t1"}, IDs: []string{"v2"}}, ErrSessionMismatch},
		"key's place against id":            {State{Pass: session("v1"), Session: session("v2")}, Carriers{IDs: []string{"v2"}}, ErrSessionMismatch},
		"key's place against unknown id":    {State{Pass: session("v1")}, Carriers{IDs: []string{"v2"}}, ErrSessionMismatch},
		"key's place against token":         {State{Pass: session("v1"), Session: session("v2")}, Carriers{Tokens: []string{"t2"}}, ErrSessionMismatch},
		"key's place against unknown token": {State{Pass: session("v1")}, Carriers{Tokens: []string{"t2"}}, ErrSessionUnknown},
	}
	for name, test := range tests {
		if got := test.state.resolve(test.carriers, start); !errors.Is(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
