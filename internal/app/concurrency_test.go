package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"avow/internal/account"
	"avow/internal/code"
)

// callers is how many callers try the same thing at once.
const callers = 64

// outcome is one answer of many.
type outcome struct {
	status int
	body   string
}

// together sends n requests at the same moment and returns their answers in the order of n.
func (b *bench) together(n int, request func(i int) *http.Request) []outcome {
	b.Helper()
	outcomes := make([]outcome, n)
	begin := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		r := request(i)
		group.Go(func() {
			<-begin
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Errorf("request %d: %v", i, err)
				return
			}
			defer func() { _ = answer.Body.Close() }()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				b.Errorf("answer %d: %v", i, err)
			}
			outcomes[i] = outcome{answer.StatusCode, string(body)}
		})
	}
	close(begin)
	group.Wait()
	return outcomes
}

func (b *bench) post(path, body string, headers ...string) *http.Request {
	b.Helper()
	r, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(body))
	b.must(err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const accountSetup = `org acme
client web org=acme scopes="/external/me/r /external/me/w"
account anna org=acme email=anna@example.com
token t client=web account=anna
`

// TestOneCodeVerifiesOnce has many callers show one right code at once, half of them by the hosted page.
func TestOneCodeVerifiesOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, oneCodeVerifiesOnce)
}

func oneCodeVerifiesOnce(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.setup(accountSetup)
	b.send(b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["t"]))
	b.mail("To: anna@example.com\n\n<base>/confirm?id=<anna.id>&confirmation_code=<uuid:code>\n")
	outcomes := b.together(callers, func(int) *http.Request {
		return b.post("/external/api/v1/me/verify_account", `{"confirmation_code":"`+b.vars["code"]+`"}`, "Authorization", "Bearer "+b.vars["t"])
	})
	won, late := 0, 0
	for _, o := range outcomes {
		switch {
		case o.status == http.StatusOK:
			won++
		case o.status == http.StatusConflict && strings.Contains(o.body, `"already_verified"`):
			late++
		default:
			t.Errorf("got %d %s, want 200 or 409 already_verified", o.status, o.body)
		}
	}
	if won != 1 || late != callers-1 {
		t.Errorf("got %d times 200 and %d times 409, want 1 and %d", won, late, callers-1)
	}
}

// TestAttemptBudgetHolds has many callers guess at once: no more than the budget is ever compared, and the right code is dead after it.
func TestAttemptBudgetHolds(t *testing.T) {
	t.Parallel()
	onEngines(t, attemptBudgetHolds)
}

func attemptBudgetHolds(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.setup(accountSetup)
	b.send(b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["t"]))
	b.mail("To: anna@example.com\n\n<base>/confirm?id=<anna.id>&confirmation_code=<uuid:code>\n")
	b.together(callers, func(i int) *http.Request {
		return b.post("/external/api/v1/me/verify_account", fmt.Sprintf(`{"confirmation_code":"guess-%d"}`, i), "Authorization", "Bearer "+b.vars["t"])
	})
	state, err := b.app.Store.View(context.Background(), account.KeyOfID(b.vars["anna.id"]))
	b.must(err)
	if state.Code.Wrong != code.MaxWrong {
		t.Errorf("got %d counted tries, want %d", state.Code.Wrong, code.MaxWrong)
	}
	b.send(b.post("/external/api/v1/me/verify_account", `{"confirmation_code":"`+b.vars["code"]+`"}`, "Authorization", "Bearer "+b.vars["t"]))
	if b.answer.StatusCode != http.StatusConflict {
		t.Errorf("got %d for the right code after the budget, want 409", b.answer.StatusCode)
	}
}

// TestOneLiveCode has many callers ask for a request at once: one code is live, and it is the only one whose mail was not cancelled.
func TestOneLiveCode(t *testing.T) {
	t.Parallel()
	onEngines(t, oneLiveCode)
}

func oneLiveCode(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.setup("limits off\n" + accountSetup)
	outcomes := b.together(callers, func(int) *http.Request {
		return b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["t"])
	})
	for _, o := range outcomes {
		if o.status != http.StatusCreated {
			t.Errorf("got %d %s, want 201", o.status, o.body)
		}
	}
	b.mail("To: anna@example.com\n\n<base>/confirm?id=<anna.id>&confirmation_code=<uuid:code>\n")
	b.send(b.post("/external/api/v1/me/verify_account", `{"confirmation_code":"`+b.vars["code"]+`"}`, "Authorization", "Bearer "+b.vars["t"]))
	if b.answer.StatusCode != http.StatusOK {
		t.Errorf("got %d for the mailed code, want 200", b.answer.StatusCode)
	}
}

// TestOneAccountOfAnAddress has many callers make an account of one address at once: one is made, with one live code.
func TestOneAccountOfAnAddress(t *testing.T) {
	t.Parallel()
	onEngines(t, oneAccountOfAnAddress)
}

func oneAccountOfAnAddress(t *testing.T, database string) {
	b := newBench(t, familyClocks["accounts"], database)
	b.setup("org acme\nclient sys org=acme scopes=\"/external/account/w\"\ntoken s client=sys\n")
	const hashers = callers / 4 // each makes a slow hash
	outcomes := b.together(hashers, func(i int) *http.Request {
		return b.post("/external/api/v2/accounts", `{"email":"anna@example.com","password":"secret1","require_verification":true}`, "Authorization", "Bearer "+b.vars["s"])
	})
	made := 0
	for _, o := range outcomes {
		switch {
		case o.status == http.StatusCreated:
			made++
			b.vars["anna"] = mustItem(t, o.body)
		case o.status == http.StatusBadRequest && strings.Contains(o.body, `"code":"invalid_parameter","field":"email"`):
		default:
			t.Errorf("got %d %s, want 201 or 400 about the address", o.status, o.body)
		}
	}
	if made != 1 {
		t.Fatalf("got %d accounts, want 1", made)
	}
	b.mail("To: anna@example.com\n\n<base>/confirm?id=<anna>&confirmation_code=<uuid:code>\n")
	b.send(b.post("/external/api/v1/accounts/verify_account", `{"account_id":"`+b.vars["anna"]+`","confirmation_code":"`+b.vars["code"]+`"}`, "Authorization", "Bearer "+b.vars["s"]))
	if b.answer.StatusCode != http.StatusOK {
		t.Errorf("got %d %s for the mailed code, want 200", b.answer.StatusCode, b.body)
	}
}

// mustItem returns the id of an answer's item.
func mustItem(t *testing.T, body string) string {
	t.Helper()
	var answer struct{ Item struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Item.ID == "" {
		t.Fatalf("got %s (%v), want an item with an id", body, err)
	}
	return answer.Item.ID
}

// TestStoredSelectionIsWhole has many callers submit different selections of one session at once: what is stored is one of them, whole.
func TestStoredSelectionIsWhole(t *testing.T) {
	t.Parallel()
	onEngines(t, storedSelectionIsWhole)
}

func storedSelectionIsWhole(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup("org acme\nkey k org=acme mode=live\n")
	var projects []string
	for i := range 16 {
		projects = append(projects, fmt.Sprintf(`{"projectId":"p%02d","name":"Project %d"}`, i, i))
	}
	b.send(b.post("/api/v1/verify", `{"studentId":"s","callbackWebhookUrl":"https://hooks.example.com/in","name":"Alex","email":"alex@example.com","projects":[`+
		strings.Join(projects, ",")+`],"experience":[],"certificates":[]}`, "x-api-key", b.vars["k.api"]))
	var opened struct {
		Data struct{ SessionToken, RecordVerificationID string } `json:"data"`
	}
	b.must(json.Unmarshal(b.body, &opened))
	b.send(b.post("/api/v1/step2/verification-method", `{"recordVerificationId":"`+opened.Data.RecordVerificationID+`","verificationMethod":"human"}`, "x-api-key", b.vars["k.api"]))
	selections := make([][]string, callers)
	outcomes := b.together(callers, func(i int) *http.Request {
		for p := range 16 {
			if (i+1)>>(p%7)&1 == 1 { // 64 selections, no two alike and none empty
				selections[i] = append(selections[i], fmt.Sprintf("p%02d", p))
			}
		}
		ids, err := json.Marshal(selections[i])
		b.must(err)
		return b.post("/api/v1/step3/store-verification-items/store", `{"sessionToken":"`+opened.Data.SessionToken+`","projectIds":`+string(ids)+`}`, "x-api-key", b.vars["k.api"])
	})
	for i, o := range outcomes {
		if o.status != http.StatusCreated {
			t.Errorf("submit %d: got %d %s, want 201", i, o.status, o.body)
		}
	}
	stored := b.storedProjects(opened.Data.RecordVerificationID)
	if !slices.ContainsFunc(selections, func(s []string) bool { return slices.Equal(s, stored) }) {
		t.Errorf("got stored %v, want one of the submitted selections, whole", stored)
	}
}

func (b *bench) storedProjects(verification string) []string {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+"/api/v1/step3/store-verification-items/get/"+verification, nil)
	b.must(err)
	b.send(r)
	var got struct {
		Data struct {
			Projects []struct{ ExternalProjectID string }
		}
	}
	b.must(json.Unmarshal(b.body, &got))
	var ids []string
	for _, p := range got.Data.Projects {
		ids = append(ids, p.ExternalProjectID)
	}
	return ids
}
