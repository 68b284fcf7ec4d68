package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/redis/rueidis"

	"avow/bench/session"
)

// store is where the sessions are.
type store struct{ addr, password string }

// open fills Redis with sessions and returns what reads and decodes one; nil without an address.
func (s store) open(ctx context.Context) (func(context.Context, int64) error, error) {
	if s.addr == "" {
		return nil, nil
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.addr}, Password: s.password, DisableCache: true})
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, client); err != nil {
		return nil, err
	}
	return func(ctx context.Context, n int64) error {
		raw, err := client.Do(ctx, client.B().Get().Key(sessionKey(n)).Build()).AsBytes()
		if err != nil {
			return err
		}
		var s session.Session
		return json.Unmarshal(raw, &s)
	}, nil
}

func sessionKey(n int64) string { return "s:" + strconv.FormatInt(n, 10) }

// fill goes in small steps: a heap that was large once would make the garbage collector lazy ever after, and so the limit too quick.
func fill(ctx context.Context, client rueidis.Client) error {
	const step = 100
	for from := 0; from < sessionCount; from += step {
		var commands rueidis.Commands
		for n := from; n < from+step; n++ {
			text, err := session.Make(n)
			if err != nil {
				return err
			}
			commands = append(commands, client.B().Set().Key(sessionKey(int64(n))).Value(string(text)).Build())
		}
		for _, answer := range client.DoMulti(ctx, commands...) {
			if err := answer.Error(); err != nil {
				return err
			}
		}
	}
	return nil
}
