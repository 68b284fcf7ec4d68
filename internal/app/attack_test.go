package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"avow/internal/skill"
)

// attack is one way in which a student, or whoever holds the API key, tries to have skills verified without the reviewer. It returns the verification under attack.
type attack func(b *bench) asked

const robinMail = "robin@northwind.example"

// attacks are the ways that docs/security.md lists, by the words that it has for them.
var attacks = map[string]attack{
	"Answer by the link that send-email returns": func(b *bench) asked {
		a := b.reviewable(whom{})
		link, _ := b.sends(a, robinMail)
		b.refused("answer", b.endorse(link, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Answer on the hosted page by that link": func(b *bench) asked {
		a := b.reviewable(whom{})
		link, _ := b.sends(a, robinMail)
		b.pressed(a, link, "answer.go", "confirmed", "answer.rust", "confirmed")
		return a
	},
	"Name one's own address as the reviewer's": func(b *bench) asked { return b.named("jane@example.com", "jane@example.com") },
	"The same in other letters or with a plus-tag": func(b *bench) asked {
		b.named("jane@example.com", "JANE@Example.com")
		return b.named("jane+study@example.com", "jane+boss@example.com")
	},
	"The same with dots that Gmail ignores": func(b *bench) asked { return b.named("jane.doe@gmail.com", "janedoe@googlemail.com") },
	"The same with the domain spelt in Unicode or in ASCII": func(b *bench) asked {
		return b.named("jane@exämple.com", "jane@xn--exmple-cua.com")
	},
	"Change one's address, then name the old one": func(b *bench) asked {
		a := b.reviewable(whom{reviewer: "-"})
		b.want(b.changeEmail(a, "new@example.com"), http.StatusOK)
		b.refused("reviewer", b.storeReviewer(a, "jane@example.com"), http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL")
		return a
	},
	"Store a second mailbox as reviewer, then move one's own address there": func(b *bench) asked {
		a := b.reviewable(whom{reviewer: "jane2@example.com"})
		b.want(b.changeEmail(a, "jane2@example.com"), http.StatusOK)
		b.refused("send", b.sendEmail(a), http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL")
		return a
	},
	"The same after the mail was sent": func(b *bench) asked {
		a := b.reviewable(whom{reviewer: "jane2@example.com"})
		_, token := b.sends(a, "jane2@example.com")
		b.want(b.changeEmail(a, "jane2@example.com"), http.StatusOK)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL")
		return a
	},
	"Name an address that was given at an earlier init and not kept": func(b *bench) asked {
		for _, email := range []string{"jane@example.com", "second@example.com"} {
			b.want(b.call("k", http.MethodPost, "/api/v1/verify", fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":"https://client.example/hook","name":"Jane","email":%q,
				"phoneNumber":"+46701234567","projects":[{"projectId":"p1","name":"Shop"}]}`, email)), http.StatusCreated)
		}
		return b.named("jane@example.com", "second@example.com")
	},
	"Swap the skills after the mail was sent": func(b *bench) asked {
		a := b.reviewable(whom{})
		_, token := b.sends(a, robinMail)
		b.want(b.storeClaims(a, "go", "rust", "surgery"), http.StatusOK)
		b.refused("answer", b.endorse(token, `{"skillIds":["go","surgery"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Swap the project after the mail was sent": func(b *bench) asked {
		a := b.reviewable(whom{})
		_, token := b.sends(a, robinMail)
		b.want(b.storeProject(a, "p2"), http.StatusCreated)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Exchange the reviewer after the mail was sent": func(b *bench) asked {
		a := b.reviewable(whom{reviewer: "accomplice@example.net"})
		_, token := b.sends(a, "accomplice@example.net")
		b.want(b.storeReviewer(a, "ceo@northwind.example"), http.StatusOK)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Change the relation of the reviewer after the mail was sent": func(b *bench) asked {
		a := b.reviewable(whom{endorse: "peer"})
		_, token := b.sends(a, robinMail)
		b.want(b.call("k", http.MethodPost, "/api/v1/step2/verification-method", fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"human","endorsementType":"founder_cxo"}`, a.id)), http.StatusOK)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Keep the token of a mail that was superseded": func(b *bench) asked {
		a := b.reviewable(whom{})
		_, first := b.sends(a, robinMail)
		b.sends(a, robinMail)
		b.refused("answer", b.endorse(first, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		return a
	},
	"Answer once more after the reviewer has declined": func(b *bench) asked {
		a := b.reviewable(whom{})
		_, token := b.sends(a, robinMail)
		b.want(b.endorse(token, `{"decision":"decline","reason":"unknown_person"}`), http.StatusOK)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusConflict, "ALREADY_VERIFIED")
		b.refused("send again", b.sendEmail(a), http.StatusConflict, "ALREADY_VERIFIED")
		return a
	},
	"Use the token of another verification, where an accomplice reviews": func(b *bench) asked {
		a, other := b.reviewable(whom{}), b.reviewable(whom{reviewer: "accomplice@example.net", project: "p2", skills: []string{"juggling"}})
		_, token := b.sends(other, "accomplice@example.net")
		b.sends(a, robinMail)
		b.refused("answer", b.endorse(token, `{"skillIds":["go"]}`), http.StatusBadRequest, "INVALID_SKILL_IDS")
		b.pressed(a, token, "answer.go", "confirmed", "answer.rust", "confirmed")
		return a
	},
	"Show any other secret in the token's place": func(b *bench) asked {
		a := b.reviewable(whom{})
		b.sends(a, robinMail)
		for _, secret := range []string{a.session, b.vars["k.api"], b.vars["k.secret"], a.id, a.user, "00000000-0000-4000-8000-000000000000", "' OR 1=1 --", "%", "null"} {
			b.refused(secret, b.endorse(secret, `{"skillIds":["go"]}`), http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN")
		}
		return a
	},
	"Look for the mailed token in answers, reads and webhooks": func(b *bench) asked {
		a := b.reviewable(whom{})
		got := b.want(b.sendEmail(a), http.StatusOK)
		token := b.mailedToken(a, robinMail)
		told := got.body
		for _, h := range b.hooksTo("https://client.example/hook") {
			told += string(bodyOf(b, h))
		}
		for _, path := range []string{
			"storereviewerdetails/" + a.id, "humanverification/skills/" + a.id, "humanverification/verify-page/" + a.id, "humanverification/status/" + a.id,
			"step3/store-verification-items/session/" + a.session, "step3/store-verification-items/get/" + a.id, "step1/storeskills/" + a.id,
		} {
			told += b.want(b.call("k", http.MethodGet, "/api/v1/"+path, ""), http.StatusOK).body
		}
		told += b.want(b.call("k", http.MethodGet, "/review?recordVerificationId="+a.id+"&reviewerToken="+reviewLink.FindStringSubmatch(got.body)[2], ""), http.StatusOK).body
		if told += b.log.String(); strings.Contains(told, token) {
			b.Errorf("got the mailed token in what the caller can read, want it in the mail alone")
		}
		return a
	},
	"Read the captured mail of a server that is not for development": func(b *bench) asked {
		a := b.reviewable(whom{})
		b.sends(a, robinMail)
		b.want(b.call("k", http.MethodGet, "/dev/mails", ""), http.StatusNotFound)
		return a
	},
	"Rehearse in test mode, where the link endorses, and use that in live mode": func(b *bench) asked {
		rehearsal := b.reviewable(whom{key: "t"})
		link, _ := b.sends(rehearsal, robinMail)
		b.want(b.endorse(link, `{"skillIds":["go"]}`), http.StatusOK)
		a := b.reviewable(whom{})
		b.sends(a, robinMail)
		b.refused("answer", b.endorse(link, `{"skillIds":["go"]}`), http.StatusConflict, "ALREADY_VERIFIED")
		b.pressed(a, link, "answer.go", "confirmed", "answer.rust", "confirmed")
		return a
	},
	"Plant a link of one's own in the mail by a name": func(b *bench) asked {
		a := b.opens(whom{})
		b.want(b.storeProject(a, "p1"), http.StatusCreated)
		b.want(b.call("k", http.MethodPost, "/api/v1/storereviewerdetails/store", fmt.Sprintf(`{"recordVerificationId":%q,"email":%q,"company":"N",
			"name":"Robin\r\n\r\nhttps://evil.example/review?recordVerificationId=x&reviewerToken=00000000"}`, a.id, robinMail)), http.StatusOK)
		b.want(b.sendEmail(a), http.StatusOK)
		m := b.freshMails(robinMail)[0]
		for line := range strings.Lines(m.Text) {
			if strings.HasPrefix(line, "https://evil") || strings.HasPrefix(line, "http") && !strings.HasPrefix(line, b.base+"/review?recordVerificationId="+a.id) {
				b.Errorf("got the line %q in the mail, want no line of a caller's", line)
			}
		}
		if strings.Contains(m.HTML, `href="https://evil`) {
			b.Errorf("got %s, want no link of a caller's", m.HTML)
		}
		return a
	},
	"Have the reviewer's browser press the button from another site": func(b *bench) asked {
		a := b.reviewable(whom{})
		_, token := b.sends(a, robinMail)
		r := b.reviewForm(a, token, "answer.go", "confirmed", "answer.rust", "confirmed")
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(r)
		if b.answer.StatusCode != http.StatusForbidden {
			b.Errorf("got %d, want 403", b.answer.StatusCode)
		}
		b.want(b.call("k", http.MethodGet, "/review?recordVerificationId="+a.id+"&reviewerToken="+token, ""), http.StatusOK)
		if policy := b.answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
			b.Errorf("got policy %q, want no frames", policy)
		}
		return a
	},
	"Multiply one reviewer under several relations": func(b *bench) asked {
		b.reviewable(whom{endorse: "peer"})
		a := b.reviewable(whom{endorse: "tech_lead", reviewer: "-"})
		b.refused("reviewer", b.storeReviewer(a, robinMail), http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL")
		return a
	},
}

// named has a student with an address name another as the reviewer's.
func (b *bench) named(student, reviewer string) asked {
	b.Helper()
	a := b.reviewable(whom{student: student, reviewer: "-"})
	b.refused(reviewer, b.storeReviewer(a, reviewer), http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL")
	b.refused("send", b.sendEmail(a), http.StatusNotFound, "REVIEWER_NOT_FOUND")
	return a
}

// reviewForm is what the hosted page's button sends.
func (b *bench) reviewForm(a asked, token string, fields ...string) *http.Request {
	b.Helper()
	values := url.Values{"recordVerificationId": {a.id}, "reviewerToken": {token}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	r := b.post("/review", values.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// pressed presses the button, which must not work.
func (b *bench) pressed(a asked, token string, fields ...string) {
	b.Helper()
	b.send(b.reviewForm(a, token, fields...))
	if b.answer.StatusCode < 400 {
		b.Errorf("press the button: got %d, want a refusal", b.answer.StatusCode)
	}
}

// verified reports whether any skill of a verification is.
func (b *bench) verified(a asked) bool {
	b.Helper()
	state, err := b.app.Store.ViewVerification(context.Background(), skill.Subject{Verification: a.id})
	b.must(err)
	return slices.ContainsFunc(state.Skills, func(s skill.Skill) bool { return s.Status == skill.Verified })
}

const attackSetup = "serve\norg acme\nkey k org=acme mode=live\nkey t org=acme mode=test\n"

// TestSelfEndorsement tries every way of the list in docs/security.md, against a server as it is run in production. None may verify a skill.
func TestSelfEndorsement(t *testing.T) {
	t.Parallel()
	for name, try := range attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEngines(t, func(t *testing.T, database string) {
				b := newBench(t, familyClocks["skills"], database)
				b.setup(attackSetup)
				if a := try(b); b.verified(a) {
					t.Errorf("got a verified skill, want the attack to fail")
				}
			})
		})
	}
	t.Run("the reviewer may", func(t *testing.T) {
		t.Parallel()
		onEngines(t, func(t *testing.T, database string) {
			b := newBench(t, familyClocks["skills"], database)
			b.setup(attackSetup)
			a := b.reviewable(whom{})
			_, token := b.sends(a, robinMail)
			if b.want(b.endorse(token, `{"skillIds":["go"]}`), http.StatusOK); !b.verified(a) {
				t.Error("got no verified skill, want the one that the reviewer has seen")
			}
		})
	})
}

// TestSecurityDocument holds the list and the tests together.
func TestSecurityDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| \d+ \| (.*?) \|`).FindAllStringSubmatch(string(text), -1) {
		listed[row[1]] = true
		if attacks[row[1]] == nil {
			t.Errorf("got %q in the list without a test, want one", row[1])
		}
	}
	for name := range attacks {
		if !listed[name] {
			t.Errorf("got a test of %q that the list does not know, want it there", name)
		}
	}
	if len(listed) < 12 {
		t.Errorf("got %d ways, want at least 12", len(listed))
	}
}
