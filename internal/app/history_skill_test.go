package app_test

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/anishathalye/porcupine"

	"avow/internal/skill"
)

// skillKind is about several verifications of one person on the same sources: the ten skills of a source are shared by those that were sent, in whatever order they
// were filled and sent.
var skillKind = kind{
	name:    "skill",
	clients: fewClients,
	model: porcupine.Model{
		Hash: hashState,
		Init: func() any { return skillModel{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(skillModel).step(input.(skillCall), output.(skillAnswer))
		},
	},
	begin: beginSkill,
	class: func(input, output any) string { return input.(skillCall).verb + ": " + output.(skillAnswer).word },
	wanted: []string{
		"claim: done", "claim: MAX_SKILLS_PER_SOURCE", "select: done", "select: MAX_SKILLS_PER_SOURCE", "send: done", "send: MAX_SKILLS_PER_SOURCE",
		"skills: done", "items: done",
	},
}

const (
	verifications = 4  // of one person
	sources       = 2  // that they share
	skillsKnown   = 14 // of which a source holds ten
)

// skillCall is claim (step 1) or select (step 3) of a set, a bit for each member, send (to a reviewer), or a look at the skills or items.
type skillCall struct {
	verb string
	of   int // verification
	set  uint16
}

// skillAnswer is done or an error's code, and the set that was looked at.
type skillAnswer struct {
	word string
	set  uint16
}

// skillModel is what the person's verifications hold.
type skillModel [verifications]struct {
	skills, items uint16
	sent          bool
}

// step is the rule of skills-api.md 6.1 for skills that nobody has judged.
func (m skillModel) step(c skillCall, a skillAnswer) (bool, skillModel) {
	after := m
	switch c.verb {
	case "skills":
		return a == skillAnswer{"done", m[c.of].skills}, m
	case "items":
		return a == skillAnswer{"done", m[c.of].items}, m
	case "claim":
		after[c.of].skills = c.set
	case "select":
		after[c.of].items = c.set
	case "send":
		if word := m.unready(c.of); word != "" {
			return a.word == word, m
		}
		after[c.of].sent = true
	}
	if after.fullest(c.of) > skill.MaxSkillsPerSource {
		return a.word == "MAX_SKILLS_PER_SOURCE", m
	}
	return a.word == "done", after
}

// unready is what a verification that has a reviewer cannot be sent for.
func (m skillModel) unready(of int) string {
	switch {
	case m[of].skills == 0:
		return "NO_SKILLS_FOUND"
	case m[of].items == 0:
		return "VERIFICATION_NOT_FOUND"
	}
	return ""
}

// fullest counts the skills on the fullest source of a verification: its own, and those of others that were sent.
func (m skillModel) fullest(of int) int {
	most := 0
	for source := range sources {
		if m[of].items>>source&1 == 0 {
			continue
		}
		on := m[of].skills
		for _, other := range m {
			if other.sent && other.items>>source&1 == 1 {
				on |= other.skills
			}
		}
		most = max(most, bits.OnesCount16(on))
	}
	return most
}

type skillScene struct {
	*stage
	claims, selects, sends int // of a hundred calls; the rest look
	opened                 [verifications]opened
}

// beginSkill has every other history send nothing until the end: then much is stored that cannot all be sent.
func beginSkill(s *stage, n int) scene {
	k := &skillScene{stage: s, claims: 35, selects: 25, sends: 20 * (1 - n%2)}
	for i := range k.opened {
		k.opened[i] = s.open(fmt.Sprintf("student-%d@example.com", n))
		s.skills(http.MethodPost, "/storereviewerdetails/store", reviewerBody(k.opened[i].RecordVerificationID, robinMail), http.StatusOK)
	}
	return k
}

func (k *skillScene) draw(random *rand.Rand) deed {
	of := random.IntN(verifications)
	switch at := random.IntN(100); {
	case at < k.claims:
		return k.claim(of, random)
	case at < k.claims+k.selects:
		return k.choose(of, uint16(1+random.IntN(1<<sources-1)))
	case at < k.claims+k.selects+k.sends:
		return k.send(of)
	case at < 92:
		return k.skillsOf(of)
	}
	return k.itemsOf(of)
}

func (k *skillScene) last() (deeds []deed) {
	for of := range k.opened {
		deeds = append(deeds, k.skillsOf(of), k.itemsOf(of), k.send(of))
	}
	return deeds
}

func (k *skillScene) claim(of int, random *rand.Rand) deed {
	var set uint16
	for range 6 + random.IntN(10) {
		set |= 1 << random.IntN(skillsKnown)
	}
	var claims []string
	for n := range skillsKnown {
		if set>>n&1 == 1 {
			claims = append(claims, fmt.Sprintf(`{"skillId":"%02d","name":"Skill"}`, n))
		}
	}
	body := fmt.Sprintf(`{"recordVerificationId":%q,"skills":[%s]}`, k.opened[of].RecordVerificationID, strings.Join(claims, ","))
	return deed{skillCall{"claim", of, set}, func() (any, error) {
		return step(k.ask(http.MethodPost, "/api/v1/step1/storeskills/store", body, "X-Api-Key", k.vars["k.api"]))
	}}
}

func (k *skillScene) choose(of int, set uint16) deed {
	return deed{skillCall{"select", of, set}, func() (any, error) { return step(k.submit(k.opened[of].SessionToken, set)) }}
}

// step reads the answer of a step.
func step(got outcome, err error) (any, error) {
	var refusal struct{ Error struct{ Code string } }
	switch {
	case err != nil:
		return nil, err
	case got.status == http.StatusOK || got.status == http.StatusCreated:
		return skillAnswer{word: "done"}, nil
	case (got.status == http.StatusConflict || got.status == http.StatusNotFound) && json.Unmarshal([]byte(got.body), &refusal) == nil:
		return skillAnswer{word: refusal.Error.Code}, nil
	}
	return nil, got.unexplained()
}

func (k *skillScene) send(of int) deed {
	return deed{skillCall{verb: "send", of: of}, func() (any, error) {
		return step(k.ask(http.MethodPost, "/api/v1/humanverification/send-email", "", "X-Api-Key", k.vars["k.api"], "X-Session-Token", k.opened[of].SessionToken))
	}}
}

func (k *skillScene) skillsOf(of int) deed {
	return deed{skillCall{verb: "skills", of: of}, func() (any, error) {
		got, err := k.ask(http.MethodGet, "/api/v1/step1/storeskills/"+k.opened[of].RecordVerificationID, "")
		if err != nil {
			return nil, err
		}
		if got.status == http.StatusNotFound { // the contract's word for none
			return skillAnswer{word: "done"}, nil
		}
		return readSkills(got)
	}}
}

func readSkills(got outcome) (any, error) {
	var answer struct {
		Data struct{ Skills []struct{ SkillID string } }
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != http.StatusOK {
		return nil, got.unexplained()
	}
	var set uint16
	for _, s := range answer.Data.Skills {
		var n int
		if _, err := fmt.Sscanf(s.SkillID, "%02d", &n); err != nil || n >= skillsKnown || set>>n&1 == 1 {
			return nil, got.unexplained()
		}
		set |= 1 << n
	}
	return skillAnswer{"done", set}, nil
}

func (k *skillScene) itemsOf(of int) deed {
	return deed{skillCall{verb: "items", of: of}, func() (any, error) {
		set, err := k.stored(k.opened[of].RecordVerificationID)
		return skillAnswer{"done", set}, err
	}}
}
