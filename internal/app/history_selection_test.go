package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/anishathalye/porcupine"
)

// selectionKind is about step 3 of one verification, submitted by many at once: what is stored is always what one of them submitted, whole, and the last of them.
var selectionKind = kind{
	name:    "selection",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return uint16(0) },
		Step: func(state, input, output any) (bool, any) {
			if submitted := input.(selectionCall).submit; submitted != 0 {
				return output == submitted, submitted
			}
			return output == state, state
		},
	},
	begin:  beginSelection,
	class:  selectionClass,
	wanted: []string{"submit", "read", "read nothing"},
}

// selectionCall submits a selection, a bit for each item; none is a read. The answer is the selection that the server speaks of.
type selectionCall struct{ submit uint16 }

func selectionClass(input, output any) string {
	switch {
	case input.(selectionCall).submit != 0:
		return "submit"
	case output == uint16(0):
		return "read nothing"
	}
	return "read"
}

// opened is a verification of which steps 1 and 2 are done.
type opened struct {
	SessionToken         string `json:"sessionToken"`
	RecordVerificationID string `json:"recordVerificationId"`
}

// The items of a session: half of them are projects, a quarter each work and certificates. Their number is in their id.
const (
	items      = 16
	workFrom   = 8
	certFrom   = 12
	projectFmt = `{"projectId":"%02d","name":"Project"}`
	workFmt    = `{"workExperienceId":"%02d","role":"Role","companyName":"Company"}`
	certFmt    = `{"credentialId":"%02d","name":"Certificate"}`
)

// open opens a verification of the person with an e-mail and chooses the method.
func (s *stage) open(email string) opened {
	s.Helper()
	body := fmt.Sprintf(`{"studentId":"s","callbackWebhookUrl":"https://hooks.example.com/in","name":"Alex","email":%q,"projects":%s,"experience":%s,"certificates":%s}`,
		email, each(projectFmt, 0, workFrom), each(workFmt, workFrom, certFrom), each(certFmt, certFrom, items))
	got := s.skills(http.MethodPost, "/verify", body, http.StatusCreated)
	var answer struct{ Data opened }
	s.must(json.Unmarshal([]byte(got.body), &answer))
	s.skills(http.MethodPost, "/step2/verification-method",
		fmt.Sprintf(`{"recordVerificationId":%q,"verificationMethod":"human"}`, answer.Data.RecordVerificationID), http.StatusOK)
	return answer.Data
}

func each(format string, from, to int) string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, fmt.Sprintf(format, n))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func (s *stage) skills(method, path, body string, status int) outcome {
	s.Helper()
	got, err := s.ask(method, "/api/v1"+path, body, "X-Api-Key", s.vars["k.api"])
	s.must(err)
	if got.status != status {
		s.Fatalf("%s: got %d %s, want %d", path, got.status, got.body, status)
	}
	return got
}

// submit is step 3.
func (s *stage) submit(session string, selection uint16) (outcome, error) {
	body := fmt.Sprintf(`{"sessionToken":%q,"projectIds":%s,"workExperienceIds":%s,"credentialIds":%s}`,
		session, chosen(selection, 0, workFrom), chosen(selection, workFrom, certFrom), chosen(selection, certFrom, items))
	return s.ask(http.MethodPost, "/api/v1/step3/store-verification-items/store", body, "X-Api-Key", s.vars["k.api"])
}

func chosen(selection uint16, from, to int) string {
	ids := []string{}
	for n := from; n < to; n++ {
		if selection>>n&1 == 1 {
			ids = append(ids, fmt.Sprintf("%02d", n))
		}
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// itemLists are the three lists of an answer about items.
type itemLists struct {
	Projects, Experience, Certificates []struct{ ExternalProjectID, ExternalExpID, ExternalCertificateID string }
}

// selection is the inverse of chosen.
func (l itemLists) selection() (selection uint16, err error) {
	for _, list := range [][]struct{ ExternalProjectID, ExternalExpID, ExternalCertificateID string }{l.Projects, l.Experience, l.Certificates} {
		for _, item := range list {
			var n int
			if _, err := fmt.Sscanf(item.ExternalProjectID+item.ExternalExpID+item.ExternalCertificateID, "%02d", &n); err != nil || n >= items {
				return 0, fmt.Errorf("got item %+v, want one that was given", item)
			}
			selection |= 1 << n
		}
	}
	return selection, nil
}

// stored is the selection that stands.
func (s *stage) stored(verification string) (uint16, error) {
	got, err := s.ask(http.MethodGet, "/api/v1/step3/store-verification-items/get/"+verification, "")
	if err != nil {
		return 0, err
	}
	var answer struct{ Data itemLists }
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusOK {
		return 0, got.unexplained()
	}
	return answer.Data.selection()
}

type selectionScene struct {
	*stage
	opened
}

func beginSelection(s *stage, n int) scene {
	return &selectionScene{s, s.open(fmt.Sprintf("chooser-%d@example.com", n))}
}

func (c *selectionScene) draw(random *rand.Rand) deed {
	if random.IntN(3) == 0 {
		return c.read()
	}
	selection := uint16(1 + random.IntN(1<<items-1))
	return deed{selectionCall{selection}, func() (any, error) {
		got, err := c.submit(c.SessionToken, selection)
		if err != nil {
			return nil, err
		}
		var answer struct{ Data struct{ Stored itemLists } }
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusCreated {
			return nil, got.unexplained()
		}
		return answer.Data.Stored.selection()
	}}
}

func (c *selectionScene) read() deed {
	return deed{selectionCall{}, func() (any, error) { return c.stored(c.RecordVerificationID) }}
}

func (c *selectionScene) last() []deed { return []deed{c.read()} }
