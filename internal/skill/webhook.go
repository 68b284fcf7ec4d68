package skill

import (
	"time"

	"avow/internal/access"
	"avow/internal/event"
	"avow/internal/outbox"
)

// head begins every webhook of a verification (section 7).
func (s State) head(name event.Name, id string, now time.Time) event.Head {
	v := s.Verification
	return event.Head{
		Event: name, ID: id, Timestamp: event.Instant(now), Mode: string(v.Owner.Mode), Key: v.Key, Verification: v.ID, User: v.User, Student: v.Student,
		Method: string(v.Method), EndorsementType: event.OrNull(v.EndorsementType),
	}
}

func skillsTold(skills []Skill) event.List[event.Skill] {
	var all event.List[event.Skill]
	for _, k := range skills {
		all = append(all, event.Skill{
			ID: k.ID, Name: event.OrNull(k.Name), Status: string(k.Status), Verified: k.Status == Verified, VerifiedAt: event.Instant(k.VerifiedAt),
			VerifiedBy: event.OrNull(string(k.VerifiedBy)), ProofURLs: k.ProofURLs, Answer: string(k.Answer),
		})
	}
	return all
}

func sourcesTold(items []Item) (s event.Sources) {
	for _, i := range items {
		text, start, end := event.OrNull(i.Description), event.Instant(i.Start), event.Instant(i.End)
		switch i.Kind {
		case Project:
			s.Projects = append(s.Projects, event.Project{ID: i.ID, Name: i.Title, Description: text, Start: start, End: end})
		case Experience:
			s.Experience = append(s.Experience, event.Experience{ID: i.ID, Company: i.Organisation, Role: i.Title, Description: text, Start: start, End: end})
		case Certificate:
			s.Certificates = append(s.Certificates, event.Certificate{ID: i.ID, Name: i.Title, Issuer: event.OrNull(i.Organisation), Issued: start})
		}
	}
	return s
}

func (r Reviewer) told() *event.Reviewer {
	return &event.Reviewer{Name: r.Name, Email: r.Email, Company: r.Company, Website: event.OrNull(r.Website)}
}

// Summary counts what a verification holds (5.17).
type Summary struct{ Verified, Projects, Experience, Certificates int }

func summary(skills []Skill, items []Item) (s Summary) {
	for _, k := range skills {
		if k.Status == Verified {
			s.Verified++
		}
	}
	for _, i := range items {
		switch i.Kind {
		case Project:
			s.Projects++
		case Experience:
			s.Experience++
		case Certificate:
			s.Certificates++
		}
	}
	return s
}

func (s Summary) told() event.Summary {
	return event.Summary{SkillsVerified: s.Verified, Projects: s.Projects, Experience: s.Experience, Certificates: s.Certificates}
}

// webhook is the delivery of an event to the callback of init.
func (s State) webhook(id string, head event.Head, body any, now time.Time) outbox.Delivery {
	raw, err := event.Marshal(body)
	if err != nil {
		panic(err) // bodies hold nothing that does not encode
	}
	v := s.Verification
	hook := outbox.Hook{URL: v.Callback, Event: head.ID, Signer: outbox.Signer{Key: v.Key}, Body: raw}
	return outbox.NewWebhook(id, v.Owner.Org, v.Owner.Mode == access.Test, hook, now)
}
