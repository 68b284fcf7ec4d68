package aimodel

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Bounds of what a model's server can make us do.
const (
	maxHeader = 64 << 10
	maxAnswer = 1 << 20
)

// errRubbish says that an answer is not what was asked for. What it was is not told: it may quote anything.
var errRubbish = errors.New("the model's answer is not in the form that was asked for")

// errStatus is an answer without an answer in it.
type errStatus int

func (s errStatus) Error() string { return fmt.Sprintf("the model's server answered %d", int(s)) }

// chat speaks to one model. The address is the operator's own, so it may be inside; no redirect is followed, so that neither key nor texts go anywhere else.
type chat struct {
	http       *http.Client
	url        string
	key, model string
	plain      atomic.Bool // the model has refused what only older ones take
}

func newChat(o Options) *chat {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: maxHeader, MaxIdleConnsPerHost: maxPapers, IdleConnTimeout: time.Minute,
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &chat{http: &http.Client{Transport: transport, CheckRedirect: stay}, url: o.URL + "/chat/completions", key: o.Key, model: o.Model}
}

// call is one question to the model.
type call struct {
	name        string // of the answer's form
	rules       string // what it is to do
	data        any    // what it is to do it with: a JSON document, never part of the rules
	schema      any    // of the answer
	temperature float64
	tokens      int // that the answer may have
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type completion struct {
	Choices []struct {
		Message message `json:"message"`
	} `json:"choices"`
}

// object is a JSON object that is written, never read.
type object = map[string]any

func (c *chat) body(q call, plain bool) ([]byte, error) {
	data, err := json.Marshal(q.data)
	if err != nil {
		return nil, err
	}
	body := object{
		"model": c.model, "messages": []message{{"system", q.rules}, {"user", string(data)}},
		"response_format": object{"type": "json_schema", "json_schema": object{"name": q.name, "strict": true, "schema": q.schema}},
	}
	if plain {
		body["max_completion_tokens"] = q.tokens
	} else {
		body["temperature"], body["max_tokens"] = q.temperature, q.tokens
	}
	return json.Marshal(body)
}

// ask sends a call and reads the answer into a value. A fault of the line or of the server is tried once more.
func (c *chat) ask(ctx context.Context, q call, answer any) error {
	text, err := c.send(ctx, q)
	if passing(err) && ctx.Err() == nil {
		text, err = c.send(ctx, q)
	}
	if err != nil {
		return err
	}
	return read(text, answer)
}

// send sends a call in the form that the model takes: newer ones refuse a temperature, and have another name for the bound of tokens. Which it is, is found out once.
func (c *chat) send(ctx context.Context, q call) ([]byte, error) {
	plain := c.plain.Load()
	text, err := c.post(ctx, q, plain)
	if plain || !errors.Is(err, errStatus(http.StatusBadRequest)) {
		return text, err
	}
	if text, err = c.post(ctx, q, true); err == nil {
		c.plain.Store(true)
	}
	return text, err
}

// passing says whether an error may be gone at once: nobody has refused anything, nobody has answered.
func passing(err error) bool {
	var status errStatus
	if errors.As(err, &status) {
		return status >= http.StatusInternalServerError
	}
	return err != nil && !errors.Is(err, errRubbish)
}

func (c *chat) post(ctx context.Context, q call, plain bool) (text []byte, err error) {
	body, err := c.body(q, plain)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return nil, errStatus(answer.StatusCode)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // what is cut is no JSON any more
}

// withoutURL keeps the address out of logs.
func withoutURL(err error) error {
	var quoting *url.Error
	if errors.As(err, &quoting) {
		return quoting.Err
	}
	return err
}

// read takes the model's answer out of the server's. It must be one JSON value of the form that was asked for.
func read(text []byte, answer any) error {
	var c completion
	if err := json.Unmarshal(text, &c); err != nil || len(c.Choices) != 1 {
		return errRubbish
	}
	d := json.NewDecoder(bytes.NewReader([]byte(c.Choices[0].Message.Content)))
	d.DisallowUnknownFields()
	if err := d.Decode(answer); err != nil {
		return errRubbish
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errRubbish
	}
	return nil
}
