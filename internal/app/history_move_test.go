package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"avow/internal/code"
	"avow/internal/outbox"
)

// moveKind is about the address of one account, which is changed and verified at once: only the codes of the last request move it, only the mailed one verifies where it
// moves to, and no code that was mailed to an address verifies another.
var moveKind = kind{
	name:    "move",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return moveModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(moveModel).step(input.(moveCall), output.(moveAnswer))
		},
	},
	begin: beginMove,
	class: func(input, output any) string { return input.(moveCall).verb + ": " + output.(moveAnswer).word },
	wanted: []string{
		"ask: asked", "told: moved", "told: invalid_confirmation_code", "mailed: moved", "mailed: invalid_confirmation_code", "create: created", "create: already_verified",
		"verify: verified", "verify: already_verified", "verify: invalid_confirmation_code", "look: true", "look: false",
	},
}

// moveCall is ask for the address of a number, move there with the told or the mailed code, create or verify a request of a number, or look at the account.
type moveCall struct {
	verb   string
	number int
}

// moveAnswer is what became of it, and the number of the address that the account has.
type moveAnswer struct {
	word    string
	address int
}

// moveModel is the account's state; a number is 0 where there is none.
type moveModel struct {
	address, change, changeWrong, request, requestWrong int
	verified                                            bool
}

func (m moveModel) step(c moveCall, a moveAnswer) (bool, moveModel) {
	switch c.verb {
	case "ask":
		good := a == moveAnswer{"asked", m.address}
		m.change, m.changeWrong = c.number, 0
		return good, m
	case "told", "mailed":
		return m.move(c, a)
	case "create":
		if m.verified {
			return a.word == "already_verified", m
		}
		m.request, m.requestWrong = c.number, 0
		return a.word == "created", m
	case "verify":
		return m.verify(c, a)
	}
	return a == moveAnswer{fmt.Sprint(m.verified), m.address}, m
}

func (m moveModel) move(c moveCall, a moveAnswer) (bool, moveModel) {
	live := m.change != 0 && m.changeWrong < code.MaxWrong
	switch {
	case live && c.number == m.change:
		return a.word == "moved", moveModel{address: c.number, verified: c.verb == "mailed"}
	case live:
		m.changeWrong++
	}
	return a.word == "invalid_confirmation_code", m
}

func (m moveModel) verify(c moveCall, a moveAnswer) (bool, moveModel) {
	live := m.request != 0 && m.requestWrong < code.MaxWrong
	switch {
	case m.verified:
		return a.word == "already_verified", m
	case live && c.number == m.request:
		m.verified, m.request = true, 0
		return a.word == "verified", m
	case live:
		m.requestWrong++
	}
	return a.word == "invalid_confirmation_code", m
}

type moveScene struct {
	*stage
	name    string
	numbers atomic.Int64
	mu      sync.Mutex
	told    []letter // codes that answers held
}

func beginMove(s *stage, n int) scene {
	m := &moveScene{stage: s, name: fmt.Sprintf("mover-%d", n)}
	s.setup(fmt.Sprintf("account %[1]s org=acme email=%[1]s-0@example.com\ntoken token-of-%[1]s client=web account=%[1]s\n", m.name))
	return m
}

func (m *moveScene) email(number int) string { return fmt.Sprintf("%s-%d@example.com", m.name, number) }

// mailed are the letters to the address of a number: first of a move there, then of its verification, in any order.
func (m *moveScene) mailed() (moves, requests []letter) {
	for number := range int(m.numbers.Load()) + 1 {
		for _, l := range m.letters.of(m.email(number)) {
			if l.number == number {
				moves = append(moves, l)
			} else {
				requests = append(requests, l)
			}
		}
	}
	slices.SortFunc(requests, func(a, b letter) int { return a.number - b.number })
	return moves, requests
}

func (m *moveScene) draw(random *rand.Rand) deed {
	moves, requests := m.mailed()
	m.mu.Lock()
	told := slices.Clone(m.told)
	m.mu.Unlock()
	switch at := random.IntN(100); {
	case at < 8 || len(told) == 0:
		return m.ask()
	case at < 25:
		return m.create()
	case at < 40:
		return m.take("told", lately(random, told))
	case at < 65 && len(moves) > 0:
		return m.take("mailed", lately(random, moves))
	case at < 85 && len(requests) > 0:
		return m.verify(lately(random, requests))
	}
	return m.look()
}

// lately picks one of the last two.
func lately(random *rand.Rand, all []letter) letter {
	return all[len(all)-1-random.IntN(min(2, len(all)))]
}

// last tries everything that was ever made, oldest first.
func (m *moveScene) last() []deed {
	if err := m.delivered(outbox.Mail); err != nil {
		m.Error(err)
		return nil
	}
	moves, requests := m.mailed()
	deeds := []deed{m.look()}
	for _, l := range m.told {
		deeds = append(deeds, m.take("told", l), m.look())
	}
	for _, l := range moves {
		deeds = append(deeds, m.take("mailed", l), m.look())
	}
	for _, l := range requests {
		deeds = append(deeds, m.verify(l))
	}
	return append(append(deeds, m.look()), m.once()...)
}

// once goes the whole way, so that every history sees it, however slow the mail was: a move that is verified, and one that has to be.
func (m *moveScene) once() []deed {
	proven, told, unknown := m.ask(), m.ask(), letter{code: "2c5ea4c0-4067-41fe-8d3b-7a1f0c9b1e55"}
	mailed := m.later("mailed", proven, m.take, func() []letter { moves, _ := m.mailed(); return moves })
	shown := m.later("told", told, m.take, func() []letter { return m.told })
	request := m.create()
	verified := m.later("verify", request, func(_ string, l letter) deed { return m.verify(l) }, func() []letter { _, requests := m.mailed(); return requests })
	return []deed{proven, mailed, mailed, m.look(), m.create(), m.verify(unknown), told, shown, m.look(), request, verified, m.look()}
}

// later shows the code of a request that is still to be made, once its mail is there.
func (m *moveScene) later(verb string, request deed, show func(string, letter) deed, known func() []letter) deed {
	number := request.input.(moveCall).number
	return deed{moveCall{verb, number}, func() (any, error) {
		if err := m.delivered(outbox.Mail); err != nil {
			return nil, err
		}
		all := known()
		at := slices.IndexFunc(all, func(l letter) bool { return l.number == number })
		if at < 0 {
			return nil, fmt.Errorf("got no code of request %d, want it mailed or told", number)
		}
		return show(verb, all[at]).call()
	}}
}

func (m *moveScene) ask() deed {
	number := int(m.numbers.Add(1))
	c := moveCall{"ask", number}
	return m.deed(c, http.MethodPost, "me/request_email_change", fmt.Sprintf(`{"new_email":%q,"confirmation_url":"%s%d"}`, m.email(number), letterBase, number))
}

func (m *moveScene) create() deed {
	number := int(m.numbers.Add(1))
	return m.deed(moveCall{"create", number}, http.MethodPost, "me/create_verification_request", fmt.Sprintf(`{"verification_url":"%s%d"}`, letterBase, number))
}

func (m *moveScene) take(verb string, l letter) deed {
	return m.deed(moveCall{verb, l.number}, http.MethodPut, "me/verify_email_change", fmt.Sprintf(`{"confirmation_code":%q}`, l.code))
}

func (m *moveScene) verify(l letter) deed {
	return m.deed(moveCall{"verify", l.number}, http.MethodPost, "me/verify_account", fmt.Sprintf(`{"confirmation_code":%q}`, l.code))
}

func (m *moveScene) look() deed { return m.deed(moveCall{verb: "look"}, http.MethodGet, "me", "") }

func (m *moveScene) deed(c moveCall, method, path, body string) deed {
	return deed{c, func() (any, error) {
		got, err := m.call(method, path, body)
		if err != nil {
			return nil, err
		}
		return m.read(c, got)
	}}
}

func (m *moveScene) call(method, path, body string) (outcome, error) {
	return m.stage.ask(method, "/external/api/v1/"+path, body, "Authorization", "Bearer "+m.vars["token-of-"+m.name])
}

func (m *moveScene) read(c moveCall, got outcome) (any, error) {
	var body struct {
		Code    string
		Current string `json:"current_email"`
		Told    string `json:"confirmation_code"`
		Item    struct {
			Email    string
			Verified bool
		}
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		return nil, got.unexplained()
	}
	switch {
	case got.status == http.StatusConflict:
		return moveAnswer{word: body.Code}, nil
	case got.status/100 != 2:
		return nil, got.unexplained()
	case c.verb == "ask":
		m.mu.Lock()
		m.told = append(m.told, letter{c.number, body.Told})
		m.mu.Unlock()
		return moveAnswer{"asked", m.number(body.Current)}, nil
	case c.verb == "look":
		return moveAnswer{fmt.Sprint(body.Item.Verified), m.number(body.Item.Email)}, nil
	}
	return moveAnswer{word: map[string]string{"told": "moved", "mailed": "moved", "create": "created", "verify": "verified"}[c.verb]}, nil
}

// number is that of an address.
func (m *moveScene) number(email string) int {
	var number int
	_, err := fmt.Sscanf(strings.TrimPrefix(email, m.name+"-"), "%d@", &number)
	m.must(err)
	return number
}
