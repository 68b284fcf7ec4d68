package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"avow/internal/skill"
)

// TestForeignIDsAreUnknown shows every keyed endpoint the ids of another organisation and of the other mode: the answer is that for an id that nobody has.
func TestForeignIDsAreUnknown(t *testing.T) {
	t.Parallel()
	onEngines(t, foreignIDsAreUnknown)
}

func foreignIDsAreUnknown(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup("org acme\norg globex\nkey k org=acme mode=live\nkey t org=acme mode=test\nkey g org=globex mode=live\n")
	nobody := asked{key: "k", session: "7b6f0c9a-6a1e-4a2b-9d5c-1f2e3d4c5b6a", id: "ver_live_0000000000000000000000", user: "usr_live_0000000000000000000000"}
	calls := map[string]func(key string, a asked) outcome{
		"step 1": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/step1/storeskills/store", claimsBody(a.id, "go"))
		},
		"step 1 by session": func(key string, a asked) outcome {
			return b.bySession(key, "/api/v1/step1/storeskills/store", claimsBody(a.id, "go"), a)
		},
		"step 2": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/step2/verification-method", `{"verificationMethod":"human","recordVerificationId":"`+a.id+`"}`)
		},
		"step 3": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/step3/store-verification-items/store", projectBody(a.session, "p1"))
		},
		"reviewer": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/storereviewerdetails/store", reviewerBody(a.id, "other@northwind.example"))
		},
		"reviewer by session": func(key string, a asked) outcome {
			return b.bySession(key, "/api/v1/storereviewerdetails/store", reviewerBody(a.id, "other@northwind.example"), a)
		},
		"send by id": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/humanverification/send-email?recordVerificationId="+a.id, "")
		},
		"send by session": func(key string, a asked) outcome {
			return b.bySession(key, "/api/v1/humanverification/send-email", "", a)
		},
		"generate": func(key string, a asked) outcome {
			return b.call(key, http.MethodPost, "/api/v1/assessment/generate?recordVerificationId="+a.id, "")
		},
		"questions": func(key string, a asked) outcome {
			return b.call(key, http.MethodGet, "/api/v1/assessment/"+a.id, "")
		},
		"submit": func(key string, a asked) outcome {
			return b.bySession(key, "/api/v1/assessment/submit", `{"answers":[{"questionId":"x","selectedAnswer":0}]}`, a)
		},
		"retake": func(key string, a asked) outcome {
			return b.bySession(key, "/api/v1/assessment/retakeassessment", "", a)
		},
		"metadata": func(key string, a asked) outcome {
			b.request("GET /api/v1/metadata/user/" + a.user + "\nx-api-key: <" + key + ".api>\nx-timestamp: <now>\nx-signature: <signature:" + key + ">\n")
			return outcome{b.answer.StatusCode, string(b.body)}
		},
	}
	for name, path := range map[string]func(a asked) string{
		"guide: status": func(a asked) string { return "/v1/verifications/" + a.id },
		"guide: person": func(a asked) string { return "/v1/users/" + a.user + "/verifications" },
		"guide: vault":  func(a asked) string { return "/v1/vault/" + a.user },
	} {
		calls[name] = func(key string, a asked) outcome { return b.call(key, http.MethodGet, path(a), "") }
	}
	unknown := map[string]outcome{}
	for name, call := range calls {
		unknown[name] = plain(call("k", nobody)) // asked before anything is there
	}
	owners := map[string]asked{}
	for _, key := range []string{"k", "t", "g"} {
		owners[key] = b.reviewable(whom{key: key})
	}
	for owner, a := range owners {
		for key := range owners {
			for name, call := range calls {
				before := b.shapeOf(a)
				if got := plain(call(key, a)); key != owner && got != unknown[name] {
					t.Errorf("%s of %s by %s: got %+v, want %+v as for an unknown id", name, owner, key, got, unknown[name])
				} else if key == owner && got == unknown[name] {
					t.Errorf("%s of %s: got %+v, want something for its owner", name, owner, got)
				}
				if key != owner && b.shapeOf(a) != before {
					t.Errorf("%s of %s by %s: got something changed, want nothing", name, owner, key)
				}
			}
		}
	}
}

// bySession names the verification by its session's token.
func (b *bench) bySession(key, path, body string, a asked) outcome {
	b.Helper()
	b.send(b.post(path, body, "x-api-key", b.vars[key+".api"], "x-session-token", a.session))
	return outcome{b.answer.StatusCode, string(b.body)}
}

// plain is an answer without what differs from call to call.
func plain(o outcome) outcome {
	return outcome{o.status, executionTime.ReplaceAllString(o.body, "")}
}

// shape is all that is stored of a verification.
func (b *bench) shapeOf(a asked) string {
	b.Helper()
	state, err := b.app.Store.ViewVerification(context.Background(), skill.Subject{Verification: a.id, Lists: true})
	b.must(err)
	text, err := json.Marshal(state)
	b.must(err)
	return string(text)
}

// TestLinksOfMailsChangeNothing has every link of every mail that avow sends fetched the way that mail scanners do.
func TestLinksOfMailsChangeNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, linksOfMailsChangeNothing)
}

var anyLink = regexp.MustCompile(`https?://[^\s"<>]+`)

func linksOfMailsChangeNothing(t *testing.T, database string) {
	b := newBench(t, familyClocks["skills"], database)
	b.setup(reviewSetup + "client web org=acme scopes=\"/external/me/r /external/me/w\"\naccount anna org=acme email=anna@example.com\ntoken token client=web account=anna\n")
	b.send(b.post("/external/api/v1/me/create_verification_request", "{}", "Authorization", "Bearer "+b.vars["token"]))
	a, done := b.reviewable(whom{}), b.reviewable(whom{project: "p2"})
	b.want(b.sendEmail(a), http.StatusOK)
	_, token := b.sends(done, robinMail)
	b.want(b.endorse(token, `{"skillIds":["go"]}`), http.StatusOK)
	b.want(b.changeEmail(a, "jane2@example.com"), http.StatusOK)
	other := b.reviewable(whom{student: "john@example.com"})
	b.want(b.changeEmail(other, "jane2@example.com"), http.StatusOK)
	mails := b.mailsTo("")
	subjects, links := map[string]bool{}, 0
	before := b.shapeOf(a) + b.shapeOf(done) + b.shapeOf(other) + b.pendingRequest()
	for _, m := range mails {
		subjects[m.Subject] = true
		for _, link := range anyLink.FindAllString(m.Text+"\n"+strings.ReplaceAll(m.HTML, "&amp;", "&"), -1) {
			links++
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				b.fetched(method, link)
			}
		}
	}
	if after := b.shapeOf(a) + b.shapeOf(done) + b.shapeOf(other) + b.pendingRequest(); after != before {
		t.Errorf("got\n%s\nafter the links were fetched, want\n%s", after, before)
	}
	if len(subjects) < 5 || links < 8 {
		t.Errorf("got %d kinds of mail with %d links, want all five and the links of three mails in both parts", len(subjects), links)
	}
	if len(b.mailsTo("")) != len(mails) {
		t.Errorf("got %d mails after the links were fetched, want %d", len(b.mailsTo("")), len(mails))
	}
}

// pendingRequest is how the account's request stands.
func (b *bench) pendingRequest() string {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+"/external/api/v1/me/pending_verification_request", nil)
	b.must(err)
	r.Header.Set("Authorization", "Bearer "+b.vars["token"])
	b.send(r)
	return string(b.body)
}

// fetched follows a link and its redirects, as a scanner does.
func (b *bench) fetched(method, link string) {
	b.Helper()
	r, err := http.NewRequest(method, link, nil)
	b.must(err)
	answer, err := http.DefaultClient.Do(r)
	b.must(err)
	b.must(answer.Body.Close())
	if answer.StatusCode >= http.StatusInternalServerError {
		b.Errorf("%s %s: got %d, want a page", method, link, answer.StatusCode)
	}
}
