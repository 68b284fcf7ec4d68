package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// avow is the program under test on one database.
type avow struct {
	bin, name string
	env       []string
}

// verificationURL is where the links of the mails lead, which nobody sends.
const verificationURL = "https://bench.example/verify"

// newAvow gives every avow the same settings; only where its data is differs.
func newAvow(o options, name, key string, storage ...string) avow {
	return avow{bin: o.avow, name: name, env: append([]string{
		"AVOW_ADDR=127.0.0.1:0", "AVOW_ADMIN_ADDR=127.0.0.1:0", "AVOW_PUBLIC_URL=https://avow.example", "AVOW_SECRET_KEY=" + key, "AVOW_LIMITS=off",
		"AVOW_SMTP_URL=smtp://127.0.0.1:9", "AVOW_MAIL_FROM=bench@avow.example", "AVOW_ALLOWED_VERIFICATION_URLS=" + verificationURL,
	}, storage...)}
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(key)
}

// command runs a command of avow and reads the last line that it prints.
func (a avow) command(ctx context.Context, into any, args ...string) error {
	out, err := run(ctx, spec{name: "avow " + args[0], args: append([]string{a.bin, "--json"}, args...), env: a.env})
	if err != nil || into == nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return json.Unmarshal(lines[len(lines)-1], into)
}

// server is a running avow.
type server struct {
	*service
	announcement
	avow avow
}

// serve starts the server, most often without a worker: its mails stay where the call put them, as they do while a real relay is slow. It logs a line a request as in
// production, to nowhere: a log on the disk that the database flushes would be measured with it.
func (a avow) serve(ctx context.Context, b *box, flags ...string) (*server, error) {
	s := spec{name: a.name, args: append([]string{a.bin, "--json", "serve"}, flags...), env: a.env, stop: syscall.SIGTERM, quiet: true}
	v, err := b.start(s)
	if err != nil {
		return nil, err
	}
	line, err := v.ready(ctx)
	if err != nil && ctx.Err() == nil {
		// What it had to say is lost; it will say it again.
		again, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, told := run(again, s); told != nil {
			err = told
		}
	}
	return &server{service: v, announcement: line, avow: a}, err
}

// people are those who may call.
type people struct {
	tokens []string // one for each account
	apiKey string
}

// prepare makes the accounts by avow's own commands, since nothing else knows how a token is kept.
func (a avow) prepare(ctx context.Context, n int) (people, error) {
	var p people
	var client struct {
		ID string `json:"client_id"`
	}
	var key struct {
		APIKey string `json:"apiKey"`
	}
	if err := a.command(ctx, nil, "org", "create", "--name", "bench"); err != nil {
		return p, err
	}
	if err := a.command(ctx, &client, "client", "create", "--org", "bench", "--name", "bench", "--scopes", scopes); err != nil {
		return p, err
	}
	if err := a.command(ctx, &key, "key", "create", "--org", "bench", "--name", "bench", "--mode", "live"); err != nil {
		return p, err
	}
	p.apiKey = key.APIKey
	var err error
	p.tokens, err = a.accounts(ctx, client.ID, n)
	return p, err
}

// A command a person takes long where the machine has other things to do: after a while those that are there must do, if they are enough for different ones in all
// the groups that can be under way.
const (
	accountTime = 45 * time.Second
	minAccounts = 256
)

// accounts makes n accounts, or fewer when that takes too long, and returns a token of each.
func (a avow) accounts(ctx context.Context, client string, n int) ([]string, error) {
	tokens := make([]string, n)
	var made atomic.Int64
	show := newProgress(a.name+": accounts", n)
	begun := time.Now()
	err := parallel(ctx, 2*runtime.NumCPU(), n, func(i int) (err error) {
		if made.Load() >= minAccounts && time.Since(begun) > accountTime {
			return nil
		}
		defer show.step()
		tokens[i], err = a.account(ctx, client, i)
		made.Add(1)
		return err
	})
	tokens = slices.DeleteFunc(tokens, func(t string) bool { return t == "" })
	if err == nil && len(tokens) < n {
		say("%s: %d accounts must do, the rest would take too long", a.name, len(tokens))
	}
	return tokens, err
}

const scopes = "/external/me/r /external/me/w"

// account makes an account and returns a token of it.
func (a avow) account(ctx context.Context, client string, i int) (string, error) {
	var account struct {
		ID string `json:"id"`
	}
	var token struct {
		Token string `json:"access_token"`
	}
	email := "user" + strconv.Itoa(i) + "@bench.example"
	if err := a.command(ctx, &account, "account", "create", "--org", "bench", "--email", email); err != nil {
		return "", err
	}
	err := a.command(ctx, &token, "token", "issue", "--client", client, "--account", account.ID, "--scopes", scopes, "--ttl", "24h")
	return token.Token, err
}

// openSessions opens sessions by the API, each of about 4 KB and after its first call B, and returns their tokens.
func (s *server) openSessions(ctx context.Context, apiKey string, n int) ([]string, error) {
	tokens := make([]string, n)
	c := caller{base: s.URL + "/api/v1", apiKey: apiKey, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	defer c.client.CloseIdleConnections()
	show := newProgress(s.name+": sessions", n)
	err := parallel(ctx, 16, n, func(i int) (err error) {
		defer show.step()
		tokens[i], err = c.session(ctx, i)
		return err
	})
	return tokens, err
}

// caller calls the skill API.
type caller struct {
	base, apiKey string
	client       *http.Client
}

// session goes the way to call B: the session, its skills, the method, the first items.
func (c caller) session(ctx context.Context, i int) (string, error) {
	var opened struct {
		Data struct {
			Token        string `json:"sessionToken"`
			Verification string `json:"recordVerificationId"`
			User         string `json:"recordUserId"`
		} `json:"data"`
	}
	if err := c.post(ctx, "/verify", newSession(i), &opened); err != nil {
		return "", err
	}
	o := opened.Data
	type skill map[string]string
	skills := map[string]any{"recordVerificationId": o.Verification, "recordUserId": o.User, "skills": []skill{
		{"skillId": "skill-1", "name": "Go"}, {"skillId": "skill-2", "name": "SQL"}, {"skillId": "skill-3", "name": "Dutch"},
	}}
	if err := c.post(ctx, "/step1/storeskills/store", skills, nil); err != nil {
		return "", err
	}
	method := map[string]string{"recordVerificationId": o.Verification, "verificationMethod": "human"}
	if err := c.post(ctx, "/step2/verification-method", method, nil); err != nil {
		return "", err
	}
	return o.Token, c.post(ctx, "/step3/store-verification-items/store", newSelection(o.Token, i, 1+i%maxSelected), nil)
}

// post fails on every answer that is not of the 200s.
func (c caller) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", c.apiKey)
	answer, err := c.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", path, answer.Status, got)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(got, into)
}

// parallel calls do for 0 to n-1 on some goroutines and returns the first error, after which nothing new begins.
func parallel(ctx context.Context, workers, n int, do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}

// progress says now and then how far something is.
type progress struct {
	what string
	n    int64
	done atomic.Int64
}

func newProgress(what string, n int) *progress { return &progress{what: what, n: int64(n)} }

func (p *progress) step() {
	if done := p.done.Add(1); done%500 == 0 || done == p.n {
		say("%s: %d of %d", p.what, done, p.n)
	}
}

// writeLines writes a list for the load generator; it may hold tokens.
func writeLines(file string, lines []string) error {
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600)
}
