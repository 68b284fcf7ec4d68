package store

import (
	"encoding/json"
	"time"

	"avow/internal/access"
	"avow/internal/skill"
)

const userColumns = `u.org_id, u.mode, u.id, u.name, u.email, u.phone, u.mailboxes, u.created_at, u.version`

type userRow struct {
	org, mode, id, name, email, phone, mailboxes string
	createdAt, version                           int64
}

func (r *userRow) columns() []any {
	return []any{&r.org, &r.mode, &r.id, &r.name, &r.email, &r.phone, &r.mailboxes, &r.createdAt, &r.version}
}

func (r *userRow) user() skill.User {
	return skill.User{
		ID: r.id, Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, Name: r.name, Email: r.email, Phone: r.phone,
		Mailboxes: fromJSON[string](r.mailboxes), CreatedAt: instant(r.createdAt), Version: r.version,
	}
}

const verificationColumns = `r.org_id, r.mode, r.id, r.user_id, r.key_id, r.student_id, r.callback_url, r.name, r.method, r.endorsement_type,
  r.created_at, r.initiated_at, r.completed_at, r.skills, r.items`

type verificationRow struct {
	org, mode, id, user, key, student, callback, name, method, endorsement string
	createdAt, initiatedAt, completedAt                                    int64
	skills, items                                                          string
}

func (r *verificationRow) columns() []any {
	return []any{
		&r.org, &r.mode, &r.id, &r.user, &r.key, &r.student, &r.callback, &r.name, &r.method, &r.endorsement, &r.createdAt, &r.initiatedAt, &r.completedAt,
		&r.skills, &r.items,
	}
}

func (r *verificationRow) verification() skill.Verification {
	return skill.Verification{
		ID: r.id, Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, User: r.user, Key: r.key, Student: r.student, Callback: r.callback, Name: r.name,
		Method: skill.Method(r.method), EndorsementType: r.endorsement,
		CreatedAt: instant(r.createdAt), InitiatedAt: instant(r.initiatedAt), CompletedAt: instant(r.completedAt),
	}
}

// Lists come along only with sessions that are older than what is given in them.
const sessionColumns = `s.hash, COALESCE(s.org_id, ''), COALESCE(s.mode, ''), COALESCE(s.verification_id, ''),
  COALESCE(s.skill_ids, '[]'), COALESCE(s.created_at, 0), COALESCE(s.expires_at, 0),
  COALESCE(s.given, ''), CASE WHEN s.given = '' THEN s.projects END, CASE WHEN s.given = '' THEN s.experience END, CASE WHEN s.given = '' THEN s.certificates END`

type sessionRow struct {
	hash                               []byte
	org, mode, verification, skillsIDs string
	createdAt, expiresAt               int64
	given                              string
	lists                              [3]*string
}

func (r *sessionRow) columns() []any {
	return []any{&r.hash, &r.org, &r.mode, &r.verification, &r.skillsIDs, &r.createdAt, &r.expiresAt, &r.given, &r.lists[0], &r.lists[1], &r.lists[2]}
}

// session is nil when an outer join found none.
func (r *sessionRow) session() *skill.Session {
	if r.verification == "" {
		return nil
	}
	s := &skill.Session{
		Hash: hashFrom(r.hash), Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, Verification: r.verification, Given: skill.Given(r.given),
		SkillIDs: textsFromJSON(r.skillsIDs), CreatedAt: instant(r.createdAt), ExpiresAt: instant(r.expiresAt),
	}
	if r.lists[0] != nil {
		s.Lists = listsRow{*r.lists[0], *r.lists[1], *r.lists[2]}.lists()
	}
	return s
}

type listsRow struct{ projects, experience, certificates string }

func (r *listsRow) columns() []any { return []any{&r.projects, &r.experience, &r.certificates} }

func (r listsRow) lists() skill.Lists {
	return skill.Lists{Projects: json.RawMessage(r.projects), Experience: json.RawMessage(r.experience), Certificates: json.RawMessage(r.certificates)}
}

// skillDocument is a skill as the document of its verification holds it.
type skillDocument struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Proofs     []string `json:"proofs"`
	Status     string   `json:"status"`
	VerifiedAt int64    `json:"verifiedAt,omitempty"`
	VerifiedBy string   `json:"verifiedBy,omitempty"`
	Answer     string   `json:"answer,omitempty"`
	CreatedAt  int64    `json:"createdAt"`
}

func skillsToJSON(skills []skill.Skill) string {
	documents := make([]skillDocument, len(skills))
	for i, s := range skills {
		documents[i] = skillDocument{s.ID, s.Name, s.ProofURLs, string(s.Status), micros(s.VerifiedAt), string(s.VerifiedBy), string(s.Answer), micros(s.CreatedAt)}
	}
	return toJSON(documents)
}

func skillsFromJSON(text string) []skill.Skill {
	var skills []skill.Skill
	for _, d := range fromJSON[skillDocument](text) {
		skills = append(skills, skill.Skill{
			ID: d.ID, Name: d.Name, ProofURLs: d.Proofs, Status: skill.Status(d.Status),
			VerifiedAt: instant(d.VerifiedAt), VerifiedBy: skill.Verifier(d.VerifiedBy), Answer: skill.Answer(d.Answer), CreatedAt: instant(d.CreatedAt),
		})
	}
	return skills
}

// itemDocument is an item as the document of its verification holds it.
type itemDocument struct {
	Record       string `json:"record"`
	Kind         string `json:"kind"`
	ID           string `json:"id"`
	Title        string `json:"title"`
	Organisation string `json:"organisation,omitempty"`
	Description  string `json:"description,omitempty"`
	Start        *int64 `json:"start,omitempty"`
	End          *int64 `json:"end,omitempty"`
	Current      bool   `json:"current,omitempty"`
	Metadata     string `json:"metadata,omitempty"` // text, so that it stays as it was sent
}

func itemsToJSON(items []skill.Item) string {
	documents := make([]itemDocument, len(items))
	for n, i := range items {
		documents[n] = itemDocument{i.RecordID, string(i.Kind), i.ID, i.Title, i.Organisation, i.Description, dateOrNil(i.Start), dateOrNil(i.End), i.Current, i.Metadata}
	}
	return toJSON(documents)
}

func itemsFromJSON(text string) []skill.Item {
	var items []skill.Item
	for _, d := range fromJSON[itemDocument](text) {
		items = append(items, skill.Item{
			Source: skill.Source{Kind: skill.Kind(d.Kind), ID: d.ID}, RecordID: d.Record, Title: d.Title, Organisation: d.Organisation, Description: d.Description,
			Start: dateFrom(d.Start), End: dateFrom(d.End), Current: d.Current, Metadata: d.Metadata,
		})
	}
	return items
}

// touchpointsFromJSON reads what touchpointsColumn gives: of each other verification, each of its skills on each of its items.
func touchpointsFromJSON(inside string) []skill.Touchpoint {
	var touchpoints []skill.Touchpoint
	for _, d := range fromJSON[struct {
		Method      string          `json:"method"`
		Endorsement string          `json:"endorsement"`
		Skills      []skillDocument `json:"skills"`
		Items       []itemDocument  `json:"items"`
		SentAt      int64           `json:"sentAt"`
		Reviewer    string          `json:"reviewer"`
		Until       int64           `json:"until"`
	}]("[" + inside + "]") {
		of := skill.Verification{Method: skill.Method(d.Method), EndorsementType: d.Endorsement}.Endorsement()
		for _, i := range d.Items {
			for _, k := range d.Skills {
				touchpoints = append(touchpoints, skill.Touchpoint{
					Source: skill.Source{Kind: skill.Kind(i.Kind), ID: i.ID}, Skill: k.ID, Endorsement: of,
					Status: skill.Status(k.Status), VerifiedBy: skill.Verifier(k.VerifiedBy),
					Sent: d.SentAt != 0, Reviewer: d.Reviewer, Until: instant(d.Until),
				})
			}
		}
	}
	return touchpoints
}

// dateOrNil keeps dates of any year, 1970 included; the zero time is none.
func dateOrNil(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

func dateFrom(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}

// toJSON writes a document. Nothing in one can fail to encode.
func toJSON(document any) string {
	encoded, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// fromJSON reads a list that toJSON wrote; only this program writes it.
func fromJSON[T any](text string) []T {
	var list []T
	if text == "[]" || json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return list
}

func textsToJSON(texts []string) string {
	if texts == nil {
		return "[]"
	}
	return toJSON(texts)
}

// textsFromJSON reads what textsToJSON wrote.
func textsFromJSON(text string) []string {
	if list := fromJSON[string](text); list != nil {
		return list
	}
	return []string{}
}
