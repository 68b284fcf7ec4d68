package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"avow/internal/access"
	"avow/internal/config"
	"avow/internal/skill"
)

// quoting is a relay that takes no mail and says whom it does not take it for.
type quoting struct{}

// NewSession implements smtp.Backend.
func (quoting) NewSession(*smtp.Conn) (smtp.Session, error) { return quotingSession{}, nil }

type quotingSession struct{}

// Mail implements smtp.Session.
func (quotingSession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (quotingSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	name, _, _ := strings.Cut(to, "@")
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 1}, Message: fmt.Sprintf("<%s>: %s is unknown, as is %s", to, name, strings.ToUpper(to))}
}

// Data implements smtp.Session.
func (quotingSession) Data(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }

// Reset implements smtp.Session.
func (quotingSession) Reset() {}

// Logout implements smtp.Session.
func (quotingSession) Logout() error { return nil }

func startQuotingRelay(t *testing.T) config.Secret {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, done := smtp.NewServer(quoting{}), make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); _ = listener.Close(); <-done })
	return config.Secret("smtp://" + listener.Addr().String())
}

// unmistakable values of a person, by what they are. No name of anything else in the product holds one of them.
var unmistakable = map[string]string{
	"name": "Zebulon Quixotic-Ünmistakable", "email": "zebulon+q@unmistakable.example", "new email": "zq.new@elsewhere.example", "phone": "+46 70 555 01 99 77",
	"student": "stud/zq-778812", "callback": "whose=zq-callback", "skill name": "Zymurgy of Quixotic & Sons", "proof": "https://proof.example/zebulon-proof?x=1",
	"title": "The Zebulonian Shop", "description": "Where Quixotic sold \"unmistakable\" things", "company": "Quixotic Unmistakables AB", "issuer": "Zeb's Academy",
	"project id": "proj-zebulon-1", "reviewer": "Ximena Unforgettable", "reviewer email": "ximena@unforgettable.example", "reviewer company": "Unforgettable Ltd",
	"website": "https://www.unforgettable.example/ximena",
}

// never are those that nothing but hashes is kept of: they must not be found before either.
const unmistakablePassword = "zq-unmistakable-password"

// holderOf are the unmistakable values of an account's holder.
var unmistakableHolder = map[string]string{
	"address": "Yolanda.Inimitable@inimitable.example", "next address": "yolanda.next@inimitable.example", "first name": "Yolanda-Inimitable", "last name": "O'Inimitable",
	"mobile": "+46733555019", "born": "1971-03-29", "street": "Inimitable Avenue", "external id": "crm-yolanda-4711", "source": "import of Inimitables", "company": "Inimitable & Daughters",
}

// TestErasedIsNowhere has people and an account go the whole way with values that nobody can mistake, in both modes, with mail, captured mail, webhooks that wait, and a
// relay whose answers quote addresses; it erases them and looks for each value everywhere. The same look finds every one of them before.
func TestErasedIsNowhere(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["own"], database)
		b.config.SMTPURLs, b.config.MailFrom = []config.Secret{startQuotingRelay(t)}, netmail.Address{Address: "verify@example.org"}
		b.setup("org acme\nset acme legacy_review_link on\nkey k org=acme mode=live\nkey t org=acme mode=test\nclient web org=acme scopes=\"/external/me/r /external/me/w\" offline\n" +
			"client sys org=acme scopes=\"/external/account/r /external/account/w\"\ntoken s client=sys\nendpoint hook org=acme\n")
		neighbour := b.reviewable(whom{student: "neighbour@example.com", reviewer: "reviewer@neighbour.example"})
		people := []string{b.liveOf("k"), b.liveOf("t")}
		holder := b.holds()
		before := b.places()
		b.expectFound(before, unmistakable, true)
		b.expectFound(before, unmistakableHolder, true)
		b.expectLooked(before)

		for i, key := range []string{"k", "t"} {
			b.want(b.callSigned(key, http.MethodDelete, "/avow/v1/people/"+people[i]), http.StatusOK)
		}
		_, err := b.app.Accounts.Erase(t.Context(), holder)
		b.must(err)
		b.deliver()
		after := b.places()
		b.expectFound(after, unmistakable, false)
		b.expectFound(after, unmistakableHolder, false)
		b.expectFound(slices.Concat(before, after), map[string]string{"password": unmistakablePassword}, false)
		b.expectFound(after, map[string]string{"neighbour": "neighbour@example.com", "neighbour's reviewer": "reviewer@neighbour.example"}, true)
		b.want(b.sendEmail(neighbour), http.StatusOK)
	})
}

func (b *bench) expectFound(places []heap, values map[string]string, want bool) {
	b.Helper()
	for what, value := range values {
		if where := found(value, places); (len(where) > 0) != want {
			b.Errorf("%s: got it at %q, want it found: %t", what, where, want)
		}
	}
}

// expectLooked fails unless something was found in every kind of place, sealed or not.
func (b *bench) expectLooked(places []heap) {
	b.Helper()
	var all []string
	for _, values := range []map[string]string{unmistakable, unmistakableHolder} {
		for _, value := range values {
			all = append(all, found(value, places)...)
		}
	}
	kinds := []string{
		"table skill_users, name", "table verifications, items", "table sessions, projects", "table reviews, email", "table deliveries, payload_sealed, opened, body",
		"table deliveries, target", "table captured_mails, text_sealed, opened", "table accounts, profile", "table accounts, codes", "table account_names, value",
	}
	if strings.HasPrefix(b.config.DatabaseURL, "sqlite:") {
		kinds = append(kinds, "file ")
	} else {
		kinds = append(kinds, "dump")
	}
	if _, cached := caches.Load(b.config.DatabaseURL); cached {
		kinds = append(kinds, "redis avow:session:")
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(all, func(where string) bool { return strings.HasPrefix(where, kind) }) {
			b.Errorf("%s: got nothing found there before, want something", kind)
		}
	}
}

// callSigned makes a call that is signed (skills-api.md 3.4).
func (b *bench) callSigned(key, method, path string) outcome {
	b.Helper()
	r, err := http.NewRequest(method, b.base+path, nil)
	b.must(err)
	r.Header.Set("x-api-key", b.vars[key+".api"])
	r.Header.Set("x-timestamp", strconv.FormatInt(b.clock.Now().UnixMilli(), 10))
	r.Header.Set("x-signature", b.sign(r, "<signature:"+key+">"))
	b.send(r)
	return outcome{b.answer.StatusCode, string(b.body)}
}

// liveOf leads a person through a verification that is answered and a second one that waits for its reviewer, and returns their id.
func (b *bench) liveOf(key string) (user string) {
	b.Helper()
	first := b.unmistakableRun(key, "go")
	sent := b.want(b.sendEmail(first), http.StatusOK)
	b.deliver()
	token := reviewLink.FindStringSubmatch(sent.body)[2]
	b.want(b.endorse(token, `{"skillIds":["go"]}`), http.StatusOK)
	b.want(b.changeEmail(first, unmistakable["new email"]), http.StatusOK)
	b.deliver()
	second := b.unmistakableRun(key, "rust")
	if second.user != first.user {
		b.Fatalf("got person %s, want %s again by the phone number", second.user, first.user)
	}
	b.want(b.sendEmail(second), http.StatusOK)
	return first.user
}

func (b *bench) unmistakableRun(key, claimed string) asked {
	b.Helper()
	u := unmistakable
	project := map[string]any{"projectId": u["project id"], "name": u["title"], "description": u["description"], "startDate": "2023-02-01"}
	body := map[string]any{
		"studentId": u["student"], "callbackWebhookUrl": b.base + "/dev/webhooks?status=500&" + u["callback"], "name": u["name"], "email": u["email"], "phoneNumber": u["phone"],
		"projects":     []any{project},
		"experience":   []any{map[string]any{"workExperienceId": "exp", "role": "Smith", "companyName": u["company"]}},
		"certificates": []any{map[string]any{"credentialId": "cert", "name": "Certificate", "issuedOrganization": u["issuer"]}},
	}
	got := b.want(b.call(key, http.MethodPost, "/api/v1/verify", textOf(body)), http.StatusCreated)
	var answer struct {
		Data struct{ SessionToken, RecordVerificationID, RecordUserID string }
	}
	b.must(json.Unmarshal([]byte(got.body), &answer))
	a := asked{key, answer.Data.SessionToken, answer.Data.RecordVerificationID, answer.Data.RecordUserID}
	for _, step := range []struct {
		path   string
		body   map[string]any
		status int
	}{
		{"step1/storeskills/store", map[string]any{"recordVerificationId": a.id, "skills": []any{map[string]any{"skillId": claimed, "name": u["skill name"], "proofUrls": []any{u["proof"]}}}}, http.StatusOK},
		{"step2/verification-method", map[string]any{"recordVerificationId": a.id, "verificationMethod": "human", "endorsementType": "peer"}, http.StatusOK},
		{"step3/store-verification-items/store", map[string]any{"sessionToken": a.session, "projectIds": []any{u["project id"]}, "workExperienceIds": []any{"exp"}, "credentialIds": []any{"cert"}}, http.StatusCreated},
		{"storereviewerdetails/store", map[string]any{"recordVerificationId": a.id, "name": u["reviewer"], "email": u["reviewer email"], "company": u["reviewer company"], "website": u["website"]}, http.StatusOK},
	} {
		b.want(b.call(key, http.MethodPost, "/api/v1/"+step.path, textOf(step.body)), step.status)
	}
	b.send(b.get("/api/v1/step3/store-verification-items/session/" + a.session))
	return a
}

func textOf(body any) string {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (b *bench) get(path string) *http.Request {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	b.must(err)
	return r
}

var hexID = regexp.MustCompile(`"id":"([0-9a-f]{24})"`)

// holds makes an account by the wire, with a request, a change of its address, a one-time password and tokens that are out, and returns its id.
func (b *bench) holds() string {
	b.Helper()
	h, by := unmistakableHolder, []string{"Authorization", "Bearer " + b.vars["s"]}
	post := func(path string, body map[string]any, status int) string {
		b.Helper()
		b.send(b.post("/external/api/"+path, textOf(body), by...))
		return b.want(outcome{b.answer.StatusCode, string(b.body)}, status).body
	}
	made := post("v2/accounts/", map[string]any{
		"email": h["address"], "password": unmistakablePassword, "first_name": h["first name"], "last_name": h["last name"], "mobile_phone_number": h["mobile"], "birth_date": h["born"],
		"company_name": h["company"], "external_ids": map[string]any{"crm": h["external id"]}, "created_from_source": h["source"], "address": map[string]any{"street": h["street"]},
		"require_verification": true,
	}, http.StatusCreated)
	id := hexID.FindStringSubmatch(made)[1]
	b.deliver()
	post("v1/accounts/request_email_change", map[string]any{"account_id": id, "new_email": h["next address"]}, http.StatusOK)
	post("v1/accounts/request_one_time_password", map[string]any{"email": h["address"]}, http.StatusOK)
	b.holderSignsIn(h["address"], unmistakablePassword, http.StatusOK)
	b.holderSignsIn(h["address"], "wrong-"+unmistakablePassword, http.StatusBadRequest)
	return id
}

func (b *bench) holderSignsIn(address, password string, status int) {
	b.Helper()
	form := url.Values{
		"grant_type": {"password"}, "client_id": {b.vars["web.id"]}, "client_secret": {b.vars["web.secret"]}, "username": {b.vars["acme.id"] + "^" + address}, "password": {password},
	}
	r := b.post("/api/authorization/access_token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.send(r)
	b.want(outcome{b.answer.StatusCode, string(b.body)}, status)
}

// TestErasedByOperators erases a person as the command does, without a signature.
func TestErasedByOperators(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, database string) {
		b := newBench(t, familyClocks["own"], database)
		b.setup("org acme\nkey k org=acme mode=live\n")
		a := b.reviewable(whom{})
		_, err := b.app.Skills.Export(t.Context(), skill.Asker{}, a.user)
		if err != access.ErrKeyUnknown {
			t.Errorf("without a key: got %v, want %v", err, access.ErrKeyUnknown)
		}
		first, err := b.app.ErasePerson(t.Context(), a.user)
		b.must(err)
		again, err := b.app.ErasePerson(t.Context(), a.user)
		b.must(err)
		if !again.ErasedAt.Equal(first.ErasedAt) || len(again.Runs) != 1 || first.ID != a.user {
			t.Errorf("got %+v after %+v, want the same again", again, first)
		}
		b.refused("afterwards", b.storeClaims(a, "go"), http.StatusNotFound, "SESSION_NOT_FOUND")
	})
}
