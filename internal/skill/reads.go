package skill

import "time"

// SkillsOf returns the skills of a verification (5.3).
func SkillsOf(s State) ([]Skill, error) {
	if len(s.Skills) == 0 {
		return nil, ErrSkillsUnknown
	}
	return s.Skills, nil
}

// ItemsOf returns the items of a verification; there may be none yet (5.7).
func ItemsOf(s State) ([]Item, error) {
	if s.Verification == nil {
		return nil, ErrVerificationUnknown
	}
	return s.Items, nil
}

// SessionData is what the holder of a session token may read (4.1). The e-mail is the person's of now (18.12).
type SessionData struct {
	Verification Verification
	Email        string // empty: none
	Lists        Lists
}

// DataOf returns the data of a live session (5.8).
func DataOf(s State, now time.Time) (SessionData, error) {
	if !s.Session.live(now) {
		return SessionData{}, ErrSessionUnknown
	}
	return SessionData{Verification: *s.Verification, Email: s.User.Email, Lists: s.Session.Lists}, nil
}
