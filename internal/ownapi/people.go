package ownapi

import (
	"encoding/json"
	"net/http"
	"time"

	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/web"
)

// asker is who signed a request (skills-api.md 3.4).
func asker(r *http.Request) skill.Asker {
	return skill.Asker{APIKey: web.APIKey(r), Signed: web.Signed(r)}
}

// exportPerson is GET /people/{recordUserId}.
func (a api) exportPerson(w http.ResponseWriter, r *http.Request) error {
	found, err := a.o.People.Export(r.Context(), asker(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return answer(w, ExportOf(found, a.o.Now()))
}

// erasePerson is DELETE /people/{recordUserId}.
func (a api) erasePerson(w http.ResponseWriter, r *http.Request) error {
	erased, err := a.o.People.Erase(r.Context(), asker(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, envelope{Success: true, Data: ErasureOf(erased), Message: "The person was erased"})
}

// Erasure is what is told of one.
type Erasure struct {
	ID            string  `json:"recordUserId"`
	ErasedAt      *string `json:"erasedAt"`
	Verifications int     `json:"verifications"` // that were erased with the person
}

// ErasureOf shows an erasure.
func ErasureOf(e skill.Erasure) Erasure { return Erasure{e.ID, stamp(e.ErasedAt), len(e.Runs)} }

// Export is everything that is kept of a person. docs/privacy.md explains it member by member.
type Export struct {
	ExportedAt    *string            `json:"exportedAt"`
	Person        person             `json:"person"`
	Verifications []run              `json:"verifications"`
	Deliveries    []personalDelivery `json:"deliveries"`
	Mails         []keptMail         `json:"capturedMails"`
	Counts        counts             `json:"counts"`
}

type person struct {
	ID        string   `json:"recordUserId"`
	Mode      string   `json:"mode"`
	Name      string   `json:"name"`
	Email     *string  `json:"email"`
	Phone     *string  `json:"phoneNumber"`
	Addresses []string `json:"knownAddresses"`
	CreatedAt *string  `json:"createdAt"`
}

type run struct {
	ID              string    `json:"recordVerificationId"`
	KeyID           string    `json:"keyId"`
	Student         string    `json:"studentId"`
	Name            string    `json:"name"`
	Callback        string    `json:"callbackWebhookUrl"`
	Method          *string   `json:"verificationMethod"`
	EndorsementType *string   `json:"endorsementType"`
	CreatedAt       *string   `json:"createdAt"`
	InitiatedAt     *string   `json:"initiatedAt"`
	CompletedAt     *string   `json:"completedAt"`
	Session         *session  `json:"session"`
	Skills          []claim   `json:"skills"`
	Items           []item    `json:"items"`
	Reviewer        *reviewer `json:"reviewer"`
	Review          *review   `json:"review"`
	Attempts        []sitting `json:"assessmentAttempts"`
	Paper           *paper    `json:"assessmentPaper"`
}

// sitting is an attempt at an assessment. Answers are the places of the options that were chosen, in the order of its questions, which belong to nobody.
type sitting struct {
	Number      int     `json:"attemptNumber"`
	SubmittedAt *string `json:"submittedAt"`
	Answers     []int   `json:"answers"`
	Correct     int     `json:"correct"`
	Total       int     `json:"total"`
	Score       int     `json:"score"`
	PassMark    int     `json:"passMark"`
	Passed      bool    `json:"passed"`
}

// paper is the one that was handed out last.
type paper struct {
	Number    int     `json:"paperNumber"`
	DrawnAt   *string `json:"drawnAt"`
	Questions int     `json:"questions"`
}

type session struct {
	CreatedAt    *string         `json:"createdAt"`
	ExpiresAt    *string         `json:"expiresAt"`
	SkillIDs     []string        `json:"skillIds"`
	Projects     json.RawMessage `json:"projects"`
	Experience   json.RawMessage `json:"experience"`
	Certificates json.RawMessage `json:"certificates"`
}

type claim struct {
	ID         string   `json:"skillId"`
	Name       *string  `json:"skillName"`
	ProofURLs  []string `json:"proofUrls"`
	Status     string   `json:"status"`
	VerifiedAt *string  `json:"verifiedAt"`
	VerifiedBy *string  `json:"verifiedBy"`
	Answer     *string  `json:"answer"`
	CreatedAt  *string  `json:"createdAt"`
}

type item struct {
	RecordID     string  `json:"recordId"`
	Kind         string  `json:"kind"`
	ID           string  `json:"id"`
	Title        string  `json:"title"`
	Organisation *string `json:"organisation"`
	Description  *string `json:"description"`
	Start        *string `json:"startDate"`
	End          *string `json:"endDate"`
}

type reviewer struct {
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Company  string  `json:"company"`
	Website  *string `json:"website"`
	StoredAt *string `json:"storedAt"`
}

type review struct {
	Status    string  `json:"status"`
	SentAt    *string `json:"sentAt"`
	ExpiresAt *string `json:"expiresAt"`
}

type personalDelivery struct {
	ID         string          `json:"id"`
	Kind       outbox.Kind     `json:"kind"`
	Target     string          `json:"target"`
	Status     outbox.Standing `json:"status"`
	Attempts   int             `json:"attemptCount"`
	CreatedAt  *string         `json:"createdAt"`
	FinishedAt *string         `json:"finishedAt"`
}

type keptMail struct {
	ID        string  `json:"id"`
	To        string  `json:"to"`
	CreatedAt *string `json:"createdAt"`
}

type counts struct {
	Verifications  int `json:"verifications"`
	Skills         int `json:"skills"`
	SkillsVerified int `json:"skillsVerified"`
	Deliveries     int `json:"deliveries"`
}

// ExportOf shows a person as they are kept at an instant.
func ExportOf(p skill.Dossier, now time.Time) Export {
	u := p.User
	e := Export{
		ExportedAt: stamp(now), Verifications: []run{}, Deliveries: []personalDelivery{}, Mails: []keptMail{},
		Person: person{u.ID, string(u.Owner.Mode), u.Name, orNull(u.Email), orNull(u.Phone), append([]string{}, u.Mailboxes...), stamp(u.CreatedAt)},
		Counts: counts{Verifications: len(p.Verifications), Deliveries: len(p.Deliveries)},
	}
	for _, r := range p.Verifications {
		e.Verifications = append(e.Verifications, runOf(r, now))
		for _, k := range r.Skills {
			e.Counts.Skills++
			if k.Status == skill.Verified {
				e.Counts.SkillsVerified++
			}
		}
	}
	for _, d := range p.Deliveries {
		e.Deliveries = append(e.Deliveries, personalDelivery{d.ID, d.Kind, d.Target, d.Standing(now), d.Attempts, stamp(d.Created), stamp(d.Finished)})
	}
	for _, m := range p.Mails {
		e.Mails = append(e.Mails, keptMail{m.ID, m.To, stamp(m.CreatedAt)})
	}
	return e
}

func runOf(r skill.Run, now time.Time) run {
	shown := run{
		ID: r.ID, KeyID: r.Key, Student: r.Student, Name: r.Name, Callback: r.Callback, Method: orNull(string(r.Method)), EndorsementType: orNull(r.EndorsementType),
		CreatedAt: stamp(r.CreatedAt), InitiatedAt: stamp(r.InitiatedAt), CompletedAt: stamp(r.CompletedAt), Skills: []claim{}, Items: []item{}, Attempts: []sitting{},
	}
	if s := r.Session; s != nil {
		shown.Session = &session{stamp(s.CreatedAt), stamp(s.ExpiresAt), s.SkillIDs, s.Lists.Projects, s.Lists.Experience, s.Lists.Certificates}
	}
	for _, k := range r.Skills {
		shown.Skills = append(shown.Skills, claim{
			k.ID, orNull(k.Name), append([]string{}, k.ProofURLs...), string(k.Status), stamp(k.VerifiedAt), orNull(string(k.VerifiedBy)), orNull(string(k.Answer)), stamp(k.CreatedAt),
		})
	}
	for _, i := range r.Items {
		shown.Items = append(shown.Items, item{i.RecordID, string(i.Kind), i.ID, i.Title, orNull(i.Organisation), orNull(i.Description), stamp(i.Start), stamp(i.End)})
	}
	if w := r.Reviewer; w != nil {
		shown.Reviewer = &reviewer{w.Name, w.Email, w.Company, orNull(w.Website), stamp(w.StoredAt)}
	}
	if w := r.Review; w != nil {
		shown.Review = &review{string(w.StatusAt(now)), stamp(w.SentAt), stamp(w.ExpiresAt)}
	}
	for _, t := range r.Assessment.Attempts {
		shown.Attempts = append(shown.Attempts, sitting{t.Number, stamp(t.AnswersAt), t.Answers, t.Correct, t.Total, t.Score, t.PassMark, t.Passed})
	}
	if p := r.Assessment.Paper; p != nil {
		shown.Paper = &paper{p.Number, stamp(p.DrawnAt), len(p.Questions)}
	}
	return shown
}

// orNull is null for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
