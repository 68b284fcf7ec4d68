package store

import (
	"encoding/json"
	"time"

	"avow/internal/access"
	"avow/internal/skill"
)

const userColumns = `u.org_id, u.mode, u.id, u.name, u.email, u.phone, u.created_at, u.version`

type userRow struct {
	org, mode, id, name, email, phone string
	createdAt, version                int64
}

func (r *userRow) columns() []any {
	return []any{&r.org, &r.mode, &r.id, &r.name, &r.email, &r.phone, &r.createdAt, &r.version}
}

func (r *userRow) user() skill.User {
	return skill.User{
		ID: r.id, Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, Name: r.name, Email: r.email, Phone: r.phone,
		CreatedAt: instant(r.createdAt), Version: r.version,
	}
}

const verificationColumns = `v.org_id, v.mode, v.id, v.user_id, v.key_id, v.student_id, v.callback_url, v.name, v.method, v.endorsement_type,
  v.created_at, v.initiated_at, v.completed_at`

type verificationRow struct {
	org, mode, id, user, key, student, callback, name, method, endorsement string
	createdAt, initiatedAt, completedAt                                    int64
}

func (r *verificationRow) columns() []any {
	return []any{
		&r.org, &r.mode, &r.id, &r.user, &r.key, &r.student, &r.callback, &r.name, &r.method, &r.endorsement, &r.createdAt, &r.initiatedAt, &r.completedAt,
	}
}

func (r *verificationRow) verification() skill.Verification {
	return skill.Verification{
		ID: r.id, Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, User: r.user, Key: r.key, Student: r.student, Callback: r.callback, Name: r.name,
		Method: skill.Method(r.method), EndorsementType: r.endorsement,
		CreatedAt: instant(r.createdAt), InitiatedAt: instant(r.initiatedAt), CompletedAt: instant(r.completedAt),
	}
}

const sessionColumns = `s.hash, COALESCE(s.org_id, ''), COALESCE(s.mode, ''), COALESCE(s.verification_id, ''),
  COALESCE(s.skill_ids, '[]'), COALESCE(s.created_at, 0), COALESCE(s.expires_at, 0)`

type sessionRow struct {
	hash                               []byte
	org, mode, verification, skillsIDs string
	createdAt, expiresAt               int64
}

func (r *sessionRow) columns() []any {
	return []any{&r.hash, &r.org, &r.mode, &r.verification, &r.skillsIDs, &r.createdAt, &r.expiresAt}
}

// session is nil when an outer join found none.
func (r *sessionRow) session() *skill.Session {
	if r.verification == "" {
		return nil
	}
	return &skill.Session{
		Hash: hashFrom(r.hash), Owner: access.Owner{Org: r.org, Mode: access.Mode(r.mode)}, Verification: r.verification,
		SkillIDs: textsFromJSON(r.skillsIDs), CreatedAt: instant(r.createdAt), ExpiresAt: instant(r.expiresAt),
	}
}

type listsRow struct{ projects, experience, certificates string }

func (r *listsRow) columns() []any { return []any{&r.projects, &r.experience, &r.certificates} }

func (r *listsRow) lists() skill.Lists {
	return skill.Lists{Projects: json.RawMessage(r.projects), Experience: json.RawMessage(r.experience), Certificates: json.RawMessage(r.certificates)}
}

const skillColumns = `k.skill_id, k.name, k.proof_urls, k.status, k.verified_at, k.verified_by, k.created_at`

type skillRow struct {
	id, name, proofs, status, verifiedBy string
	verifiedAt, createdAt                int64
}

func (r *skillRow) columns() []any {
	return []any{&r.id, &r.name, &r.proofs, &r.status, &r.verifiedAt, &r.verifiedBy, &r.createdAt}
}

func (r *skillRow) skill() skill.Skill {
	return skill.Skill{
		ID: r.id, Name: r.name, ProofURLs: textsFromJSON(r.proofs), Status: skill.Status(r.status),
		VerifiedAt: instant(r.verifiedAt), VerifiedBy: skill.Verifier(r.verifiedBy), CreatedAt: instant(r.createdAt),
	}
}

const itemColumns = `i.record_id, i.kind, i.external_id, i.title, i.organisation, i.description, i.starts_at, i.ends_at`

type itemRow struct {
	record, kind, id, title, organisation, description string
	start, end                                         *int64
}

func (r *itemRow) columns() []any {
	return []any{&r.record, &r.kind, &r.id, &r.title, &r.organisation, &r.description, &r.start, &r.end}
}

func (r *itemRow) item() skill.Item {
	return skill.Item{
		Source: skill.Source{Kind: skill.Kind(r.kind), ID: r.id}, RecordID: r.record, Title: r.title, Organisation: r.organisation, Description: r.description,
		Start: dateFrom(r.start), End: dateFrom(r.end),
	}
}

type touchpointRow struct{ kind, source, skill, method, endorsement, status, verifiedBy string }

func (r *touchpointRow) columns() []any {
	return []any{&r.kind, &r.source, &r.skill, &r.method, &r.endorsement, &r.status, &r.verifiedBy}
}

func (r *touchpointRow) touchpoint() skill.Touchpoint {
	v := skill.Verification{Method: skill.Method(r.method), EndorsementType: r.endorsement}
	return skill.Touchpoint{
		Source: skill.Source{Kind: skill.Kind(r.kind), ID: r.source}, Skill: r.skill, Endorsement: v.Endorsement(),
		Status: skill.Status(r.status), VerifiedBy: skill.Verifier(r.verifiedBy),
	}
}

func dateFrom(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}

// textsFromJSON reads what textsToJSON wrote.
func textsFromJSON(text string) []string {
	texts := []string{}
	if json.Unmarshal([]byte(text), &texts) != nil {
		return []string{} // only this program writes it
	}
	return texts
}
