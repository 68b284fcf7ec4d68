package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"avow/internal/account"
	"avow/internal/code"
)

// resetKind is about the password of one account, for which codes are made, stolen and used at once: only the last one sets a password, once, and every token that was
// issued before is worthless from then on.
var resetKind = kind{
	name:    "reset",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return resetModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(resetModel).step(input.(moveCall), output.(resetAnswer))
		},
	},
	begin: beginReset,
	class: func(input, output any) string {
		return fmt.Sprint(input.(moveCall).verb, " good: ", output.(resetAnswer).good)
	},
	wanted: []string{"make good: true", "set good: true", "set good: false", "issue good: true", "use good: true", "use good: false"},
}

// resetAnswer says whether it was good, and the number of the code or token that was made.
type resetAnswer struct {
	good  bool
	fresh int
}

// resetModel is the live code's number (from 1), the wrong ones tried, and which tokens are good, a bit each.
type resetModel struct {
	live, wrong int
	tokens      uint64
}

func (m resetModel) step(c moveCall, a resetAnswer) (bool, resetModel) {
	switch c.verb {
	case "make":
		m.live, m.wrong = a.fresh, 0
		return a.good, m
	case "issue":
		m.tokens |= 1 << a.fresh
		return a.good, m
	case "use":
		return a.good == (m.tokens&(1<<c.number) != 0), m
	}
	live := m.live != 0 && m.wrong < code.MaxWrong
	switch {
	case live && c.number == m.live:
		return a.good, resetModel{}
	case live:
		m.wrong++
	}
	return !a.good, m
}

type resetScene struct {
	*stage
	name   string
	codes  numbered
	tokens numbered
	issued atomic.Int64
}

// numbered are texts, known by their place.
type numbered struct {
	mu  sync.Mutex
	all []string
}

func (n *numbered) add(text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, text)
	return len(n.all) - 1
}

func (n *numbered) list() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.all)
}

// maxTokens is how many bits a model has for them.
const maxTokens = 60

func beginReset(s *stage, n int) scene {
	r := &resetScene{stage: s, name: fmt.Sprintf("sleeper-%d", n)}
	s.setup(fmt.Sprintf("account %[1]s org=acme email=%[1]s@example.com\n", r.name))
	r.codes.add("none")
	return r
}

func (r *resetScene) draw(random *rand.Rand) deed {
	codes, tokens := r.codes.list(), r.tokens.list()
	switch at := random.IntN(100); {
	case at < 10:
		return r.make()
	case at < 45 && len(codes) > 1:
		return r.set(max(1, len(codes)-1-random.IntN(2)))
	case at < 75 && r.issued.Add(1) < maxTokens:
		return r.issue()
	case len(tokens) > 0:
		return r.use(len(tokens) - 1 - random.IntN(min(4, len(tokens))))
	}
	return r.make()
}

// last uses every token before and after the last code, which is used twice.
func (r *resetScene) last() []deed {
	uses := func() (deeds []deed) {
		for n := range r.tokens.list() {
			deeds = append(deeds, r.use(n))
		}
		return deeds
	}
	deeds := uses()
	for number := range r.codes.list() {
		if number > 0 {
			deeds = append(deeds, r.set(number), r.set(number))
		}
	}
	return append(deeds, uses()...)
}

func (r *resetScene) system(path, body string) (outcome, error) {
	return r.ask(http.MethodPost, "/external/api/v1/accounts/"+path, body, "Authorization", "Bearer "+r.vars["system"])
}

func (r *resetScene) make() deed {
	return deed{moveCall{verb: "make"}, func() (any, error) {
		got, err := r.system("create_password_reset", fmt.Sprintf(`{"email":"%s@example.com"}`, r.name))
		if err != nil {
			return nil, err
		}
		var body struct {
			Item struct {
				Code string `json:"confirmation_code"`
			}
		}
		if json.Unmarshal([]byte(got.body), &body) != nil || got.status != http.StatusOK {
			return nil, got.unexplained()
		}
		return resetAnswer{true, r.codes.add(body.Item.Code)}, nil
	}}
}

func (r *resetScene) set(number int) deed {
	text := r.codes.list()[number]
	return deed{moveCall{"set", number}, func() (any, error) {
		got, err := r.system("complete_password_reset", fmt.Sprintf(`{"id":%q,"confirmation_code":%q,"new_password":"secret%d"}`, r.vars[r.name+".id"], text, number))
		switch {
		case err != nil:
			return nil, err
		case got.status != http.StatusOK && got.status != http.StatusConflict:
			return nil, got.unexplained()
		}
		return resetAnswer{good: got.status == http.StatusOK}, nil
	}}
}

func (r *resetScene) issue() deed {
	return deed{moveCall{verb: "issue"}, func() (any, error) {
		issued, err := r.app.Accounts.Issue(context.Background(), r.vars["web.id"], r.vars[r.name+".id"], []string{account.ScopeMeRead}, time.Hour)
		return resetAnswer{true, r.tokens.add(issued.Access)}, err
	}}
}

func (r *resetScene) use(number int) deed {
	token := r.tokens.list()[number]
	return deed{moveCall{"use", number}, func() (any, error) {
		got, err := r.ask(http.MethodGet, "/external/api/v1/me/pending_verification_request", "", "Authorization", "Bearer "+token)
		switch {
		case err != nil:
			return nil, err
		case got.status != http.StatusOK && got.status != http.StatusUnauthorized:
			return nil, got.unexplained()
		}
		return resetAnswer{good: got.status == http.StatusOK}, nil
	}}
}
