package skill

import (
	"slices"
	"time"
)

// Carriers are the ways in which a request names its verification (18.5); places that it left empty are not in them.
type Carriers struct {
	Tokens []string // session tokens of header, body and query, in this order
	IDs    []string // verification ids of path, body and query, in this order

	// Hosted says that the call comes from our own page: there the session's token is enough, whatever the organisation wants of it in an API key's place.
	Hosted bool
}

// agree reports whether all carriers of one kind say the same. Whether token and id agree shows only when the session is known.
func (c Carriers) agree() bool { return same(c.Tokens) && same(c.IDs) }

func same(texts []string) bool {
	return !slices.ContainsFunc(texts, func(t string) bool { return t != texts[0] })
}

// resolve is the one place that decides which verification a call with a session is about, and whether the caller may touch it. The state's Session is that of
// the first carrier: a token, else an id, else the key's own session.
func (s State) resolve(c Carriers, now time.Time) error {
	if err := s.authenticate(Need{Session: true, Hosted: c.Hosted}, now); err != nil {
		return err
	}
	if len(c.Tokens) == 0 && len(c.IDs) == 0 && s.Pass == nil {
		return ErrNoCarrier
	}
	if !c.agree() {
		return ErrSessionMismatch
	}
	named := slices.Clone(c.IDs)
	if s.Pass != nil {
		named = append(named, s.Pass.Verification)
	}
	if len(c.Tokens) > 0 && s.Session != nil {
		named = append(named, s.Session.Verification)
	}
	if !same(named) {
		return ErrSessionMismatch
	}
	if !s.Session.live(now) {
		return ErrSessionUnknown
	}
	return nil
}
