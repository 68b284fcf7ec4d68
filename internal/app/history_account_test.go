package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"avow/internal/code"
)

// accountKind is about the verification of one account: a code works once, only the last one that was made is live, and guesses are counted.
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
	class: func(input, output any) string { return input.(accountCall).verb + ": " + output.(accountAnswer).word },
	wanted: []string{
		"create: created", "create: already_verified", "verify: verified", "verify: already_verified", "verify: invalid_confirmation_code",
		"guess: invalid_confirmation_code", "look: pending", "look: verified",
		"end: no_pending_request", // requests were made, so their budget is spent
	},
}

// accountCall is create or verify with the code of the request of a number, guess with no code of any, or look at what is pending, at the end too.
type accountCall struct {
	verb   string
	number int
}

// accountAnswer is the status or the error's code, and the id of a request.
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
	asked  atomic.Int64 // requests sent; their numbers begin at 1
}

func beginAccount(s *stage, n int) scene {
	a := &accountScene{stage: s, temper: tempers[n%len(tempers)], name: fmt.Sprintf("holder-%d", n)}
	s.setup(fmt.Sprintf("account %[1]s org=acme email=%[1]s@example.com\ntoken token-of-%[1]s client=web account=%[1]s\n", a.name))
	return a
}

func (a *accountScene) draw(random *rand.Rand) deed {
	known := a.letters.of(a.name + "@example.com")
	at, with := random.IntN(100), a.temper
	switch {
	case a.asked.Load() == 0:
		return a.create()
	case at < with.create:
		return a.create()
	case at < with.create+with.guess:
		return a.guess(random.Uint64())
	case at < with.create+with.guess+with.newest && len(known) > 0:
		return a.verify("verify", known[len(known)-1])
	case at < with.create+with.guess+with.newest+with.older && len(known) > 0:
		return a.verify("verify", known[random.IntN(len(known))])
	}
	return a.look("look")
}

// lastLetters is how many of the last letters are tried in the end: of requests that were made at once, any may be the last one.
const lastLetters = 4

// last tries the codes of the last letters, of which one is live unless the budget is spent, and whether one works again.
func (a *accountScene) last() []deed {
	if err := a.delivered(); err != nil {
		a.Error(err)
		return nil
	}
	var deeds []deed
	for range a.temper.guess / 4 { // spends what is left of the budget where guessing was the point
		deeds = append(deeds, a.guess(uint64(len(deeds))))
	}
	deeds = append(deeds, a.look("end"))
	known := a.letters.of(a.name + "@example.com")
	for _, l := range slices.Backward(known[max(0, len(known)-lastLetters):]) {
		deeds = append(deeds, a.verify("verify", l), a.look("look"), a.verify("verify", l))
	}
	return append(deeds, a.create())
}

func (a *accountScene) create() deed {
	number := int(a.asked.Add(1))
	body := fmt.Sprintf(`{"verification_url":"%s%d"}`, letterBase, number)
	return a.deed(accountCall{"create", number}, http.MethodPost, "create_verification_request", body)
}

func (a *accountScene) verify(verb string, l letter) deed {
	return a.deed(accountCall{verb, l.number}, http.MethodPost, "verify_account", fmt.Sprintf(`{"confirmation_code":%q}`, l.code))
}

func (a *accountScene) guess(n uint64) deed {
	return a.verify("guess", letter{code: fmt.Sprint("guess-", n)})
}

func (a *accountScene) look(verb string) deed {
	return a.deed(accountCall{verb: verb}, http.MethodGet, "pending_verification_request", "")
}

// deed calls an endpoint of the account itself.
func (a *accountScene) deed(c accountCall, method, path, body string) deed {
	return deed{c, func() (any, error) {
		got, err := a.ask(method, "/external/api/v1/me/"+path, body, "Authorization", "Bearer "+a.vars["token-of-"+a.name])
		if err != nil {
			return nil, err
		}
		return readAccountAnswer(c.verb, got)
	}}
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
