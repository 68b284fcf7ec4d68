package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"avow/internal/code"
	"avow/internal/outbox"
)

// accountKind is about the verification of one account, by its holder, by a system that names it and on the page: a code works once, only the last one that was made is
// live, and guesses are counted, whoever makes them.
var accountKind = kind{
	name:    "account",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return accountModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(accountModel).step(input.(accountCall), output.(accountAnswer))
		},
	},
	begin: beginAccount,
	class: func(input, output any) string {
		c, word := input.(accountCall), output.(accountAnswer).word
		if c.verb == "verify" && word == "verified" { // once in a history, by any way
			return "verified"
		}
		return c.way + " " + c.verb + ": " + word
	},
	wanted: []string{
		"verified",
		"me create: created", "me create: already_verified", "me verify: already_verified", "me verify: invalid_confirmation_code",
		"me guess: invalid_confirmation_code", "me look: pending", "me look: verified",
		"accounts create: created", "accounts create: already_verified", "accounts verify: already_verified", "accounts verify: invalid_confirmation_code",
		"accounts guess: invalid_confirmation_code", "accounts look: pending", "accounts look: no_pending_request",
		"page verify: refused", "page guess: refused",
		"me end: no_pending_request", // requests were made, so their budget is spent
	},
}

// The ways to an account.
const (
	own    = "me"
	named  = "accounts"
	onPage = "page"
)

// accountCall is create or verify with the code of the request of a number, guess with no code of any, or look at what is pending, at the end too; by one of the ways.
type accountCall struct {
	verb, way string
	number    int
}

// accountAnswer is the status or the error's code, and the id of a request. The page has one word for all that it refuses.
type accountAnswer struct{ word, id string }

// accountModel is the account's state: its last request, how often its code was missed, and whether the account is verified.
type accountModel struct {
	number, wrong int
	id            string
	verified      bool
}

func (m accountModel) live() bool { return m.id != "" && m.wrong < code.MaxWrong }

func (m accountModel) step(c accountCall, a accountAnswer) (bool, accountModel) {
	switch c.verb {
	case "create":
		if m.verified {
			return a.word == "already_verified", m
		}
		return a.word == "created", accountModel{number: c.number, id: a.id}
	case "verify", "guess":
		return m.verify(c, a)
	}
	switch {
	case m.verified:
		return a == accountAnswer{word: "verified"}, m
	case m.live():
		return a == accountAnswer{"pending", m.id}, m
	}
	return a == accountAnswer{word: "no_pending_request"}, m
}

func (m accountModel) verify(c accountCall, a accountAnswer) (bool, accountModel) {
	if c.way == onPage && a.word == "refused" {
		a.word = "invalid_confirmation_code"
		if m.verified {
			a.word = "already_verified"
		}
	}
	switch {
	case m.verified:
		return a.word == "already_verified", m
	case m.live() && c.verb == "verify" && c.number == m.number:
		return a.word == "verified", accountModel{verified: true}
	case m.live():
		m.wrong++
	}
	return a.word == "invalid_confirmation_code", m
}

// temper says how many of a hundred calls are of each sort; the rest look.
type temper struct{ create, guess, newest, older int }

// tempers take turns: guesses spend the budget of a code, requests supersede one another, and right codes race.
var tempers = []temper{{0, 94, 0, 0}, {45, 8, 3, 24}, {12, 5, 50, 12}}

type accountScene struct {
	*stage
	temper temper
	name   string
	way    string       // by which the last letters are tried first
	asked  atomic.Int64 // requests sent; their numbers begin at 1
}

var ways = []string{own, named, onPage}

func beginAccount(s *stage, n int) scene {
	a := &accountScene{stage: s, temper: tempers[n%len(tempers)], name: fmt.Sprintf("holder-%d", n), way: ways[n/len(tempers)%len(ways)]}
	s.setup(fmt.Sprintf("account %[1]s org=acme email=%[1]s@example.com\ntoken token-of-%[1]s client=web account=%[1]s\n", a.name))
	return a
}

func (a *accountScene) draw(random *rand.Rand) deed {
	known := a.letters.of(a.name + "@example.com")
	at, with := random.IntN(100), a.temper
	way, every := ways[random.IntN(2)], ways[random.IntN(3)] // the page only verifies
	switch {
	case a.asked.Load() == 0:
		return a.create(way)
	case at < with.create:
		return a.create(way)
	case at < with.create+with.guess:
		return a.guess(every, random.Uint64())
	case at < with.create+with.guess+with.newest && len(known) > 0:
		return a.verify("verify", every, known[len(known)-1])
	case at < with.create+with.guess+with.newest+with.older && len(known) > 0:
		return a.verify("verify", every, known[random.IntN(len(known))])
	}
	return a.look("look", way)
}

// lastLetters is how many of the last letters are tried in the end: of requests that were made at once, any may be the last one.
const lastLetters = 4

// last tries the codes of the last letters, of which one is live unless the budget is spent, and whether one works again.
func (a *accountScene) last() []deed {
	if err := a.delivered(outbox.Mail); err != nil {
		a.Error(err)
		return nil
	}
	var deeds []deed
	for range a.temper.guess / 4 { // spends what is left of the budget where guessing was the point
		deeds = append(deeds, a.guess(own, uint64(len(deeds))))
	}
	deeds = append(deeds, a.look("end", own))
	known := a.letters.of(a.name + "@example.com")
	for _, l := range slices.Backward(known[max(0, len(known)-lastLetters):]) {
		deeds = append(deeds, a.verify("verify", a.way, l), a.look("look", own), a.verify("verify", own, l), a.verify("verify", named, l))
	}
	return append(deeds, a.create(named), a.create(own))
}

func (a *accountScene) create(way string) deed {
	number := int(a.asked.Add(1))
	return a.deed(accountCall{"create", way, number}, http.MethodPost, "create_verification_request", fmt.Sprintf(`"verification_url":"%s%d"`, letterBase, number))
}

func (a *accountScene) verify(verb, way string, l letter) deed {
	c := accountCall{verb, way, l.number}
	if way == onPage {
		return deed{c, func() (any, error) { return a.press(l.code) }}
	}
	return a.deed(c, http.MethodPost, "verify_account", fmt.Sprintf(`"confirmation_code":%q`, l.code))
}

func (a *accountScene) guess(way string, n uint64) deed {
	return a.verify("guess", way, letter{code: fmt.Sprint("guess-", n)})
}

func (a *accountScene) look(verb, way string) deed {
	return a.deed(accountCall{verb: verb, way: way}, http.MethodGet, "pending_verification_request", "")
}

// deed calls an endpoint of the account itself, or the one of the same name to which a system names the account. Members are those of a body.
func (a *accountScene) deed(c accountCall, method, path, members string) deed {
	token, id := a.vars["token-of-"+a.name], a.vars[a.name+".id"]
	path = "/external/api/v1/" + c.way + "/" + path
	if c.way == named {
		token = a.vars["system"]
		members = strings.Trim(`"account_id":"`+id+`",`+members, ",")
		if method == http.MethodGet {
			path += "?account_id=" + id
		}
	}
	return deed{c, func() (any, error) {
		got, err := a.ask(method, path, "{"+members+"}", "Authorization", "Bearer "+token)
		if err != nil {
			return nil, err
		}
		return readAccountAnswer(c.verb, got)
	}}
}

// press presses the button of the page behind the link.
func (a *accountScene) press(code string) (any, error) {
	form := url.Values{"id": {a.vars[a.name+".id"]}, "confirmation_code": {code}}
	got, err := a.ask(http.MethodPost, "/confirm", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	switch {
	case err != nil:
		return nil, err
	case got.status == http.StatusOK:
		return accountAnswer{word: "verified"}, nil
	case got.status == http.StatusConflict:
		return accountAnswer{word: "refused"}, nil
	}
	return nil, got.unexplained()
}

func readAccountAnswer(verb string, got outcome) (any, error) {
	var body struct {
		Code, ID, Status string
		Item             struct{ ID, Status string }
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		return nil, got.unexplained()
	}
	switch {
	case got.status == http.StatusConflict:
		return accountAnswer{word: body.Code}, nil
	case got.status == http.StatusCreated && verb == "create" && body.ID != "":
		return accountAnswer{"created", body.ID}, nil
	case got.status == http.StatusOK && verb != "create":
		return accountAnswer{body.Item.Status, body.Item.ID}, nil
	}
	return nil, got.unexplained()
}
