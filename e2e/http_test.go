//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// client makes a new connection for each call: a connection that a killed server left behind must not disturb the next one.
var client = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

// answer is an answer that has been read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// call is a request in the making.
type call struct {
	method, url string
	header      map[string]string
	body        string
}

// send makes a call. The error is one of the connection, never of the status.
func send(with *http.Client, c call) (answer, error) {
	request, err := c.request()
	if err != nil {
		return answer{}, err
	}
	return do(with, request)
}

func (c call) request() (*http.Request, error) {
	request, err := http.NewRequest(c.method, c.url, strings.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host // the header of this name is not sent
	}
	return request, nil
}

// do sends a request and reads its answer to the end.
func do(with *http.Client, request *http.Request) (answer, error) {
	response, err := with.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

// must makes a call that has to get an answer of the given status.
func must(t *testing.T, c call, status int) answer {
	t.Helper()
	got, err := send(client, c)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.url, err)
	}
	if got.status != status {
		t.Fatalf("%s %s: got %d %s, want %d", c.method, c.url, got.status, got.body, status)
	}
	return got
}

func get(url string) call { return call{method: http.MethodGet, url: url} }

func post(url, body string) call {
	return call{method: http.MethodPost, url: url, header: map[string]string{"Content-Type": "application/json"}, body: body}
}

// with sets a header.
func (c call) with(name, value string) call {
	header := maps.Clone(c.header)
	if header == nil {
		header = map[string]string{}
	}
	header[name] = value
	c.header = header
	return c
}

func (c call) bearer(token string) call { return c.with("Authorization", "Bearer "+token) }

func (c call) key(apiKey string) call { return c.with("X-Api-Key", apiKey) }

// decode reads a body that must be JSON of a form.
func decode[T any](body string) (T, error) {
	var v T
	err := json.Unmarshal([]byte(body), &v)
	if err != nil {
		err = fmt.Errorf("got %q, want JSON: %w", body, err)
	}
	return v, err
}

func mustDecode[T any](t *testing.T, body string) T {
	t.Helper()
	v, err := decode[T](body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// members are the names of a JSON object in the order sent.
func members(t *testing.T, object string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	if opening, err := d.Token(); err != nil || opening != json.Delim('{') {
		t.Fatalf("got %q, want a JSON object", object)
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			t.Fatalf("got %q, want a JSON object: %v", object, err)
		}
		names = append(names, fmt.Sprint(name))
	}
	return names
}

func wantMembers(t *testing.T, object string, names ...string) {
	t.Helper()
	if d := cmp.Diff(names, members(t, object)); d != "" {
		t.Errorf("members of %s: got (+), want (-):\n%s", object, d)
	}
}

// The calls of the account contract that belong to the token's account.
func createCall(base, token, verificationURL string) call {
	body := "{}"
	if verificationURL != "" {
		body = fmt.Sprintf(`{"verification_url":%q}`, verificationURL)
	}
	return post(base+"/external/api/v1/me/create_verification_request", body).bearer(token)
}

func pendingCall(base, token string) call {
	return get(base + "/external/api/v1/me/pending_verification_request").bearer(token)
}

func verifyCall(base, token, code string) call {
	return post(base+"/external/api/v1/me/verify_account", fmt.Sprintf(`{"confirmation_code":%q}`, code)).bearer(token)
}

// created is the answer to a request for verification.
type created struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	ExpiresAt string `json:"expires_at"`
}

// standing is how the verification of an account stands.
type standing struct {
	Item struct {
		ID        string `json:"id"`
		AccountID string `json:"account_id"`
		Status    string `json:"status"`
		Verified  bool   `json:"verified"`
	} `json:"item"`
}

// standingOf asks how the verification of the token's account stands.
func standingOf(base, token string) (standing, error) {
	got, err := send(client, pendingCall(base, token))
	if err != nil {
		return standing{}, err
	}
	if got.status != http.StatusOK {
		return standing{}, fmt.Errorf("pending: got %d %s, want 200", got.status, got.body)
	}
	return decode[standing](got.body)
}

// refusal is the body of an error of the account contract.
type refusal struct {
	Code    string `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// mail is a captured mail.
type mail struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`
	From      string    `json:"from"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	CreatedAt time.Time `json:"createdAt"`
}

var (
	codeInMail = regexp.MustCompile(`confirmation_code=([0-9a-f-]{36})\b`)
	linkInMail = regexp.MustCompile(`(?m)^https?://\S+$`)
)

// code is the confirmation code that a mail carries; empty: none.
func (m mail) code() string {
	if found := codeInMail.FindStringSubmatch(m.Text); found != nil {
		return found[1]
	}
	return ""
}

// link is the address that a mail asks its reader to open; it stands on a line of its own.
func (m mail) link() string { return linkInMail.FindString(m.Text) }

// mailsTo lists the captured mails to an address, newest first.
func mailsTo(base, to string) ([]mail, error) {
	got, err := send(client, get(base+"/dev/mails?to="+url.QueryEscape(to)).with("Accept", "application/json"))
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, fmt.Errorf("captured mails: got %d %s, want 200", got.status, got.body)
	}
	return decode[[]mail](got.body)
}

// mailPatience is half of a delivery's lease: a mail that comes only when the lease of a killed predecessor has run out is too late.
const mailPatience = 15 * time.Second

// newestMail waits until the newest mail to an address holds a text. Every mail to it is returned, newest first.
func newestMail(base, to, holds string) ([]mail, error) {
	var found []mail
	err := poll(mailPatience, func() (err error) {
		if found, err = mailsTo(base, to); err != nil {
			return err
		}
		if len(found) == 0 || !strings.Contains(found[0].Text, holds) {
			return fmt.Errorf("got %d mails to %s of which the newest does not hold %q, want one that does", len(found), to, holds)
		}
		return nil
	})
	return found, err
}
