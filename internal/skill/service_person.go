package skill

import (
	"context"

	"avow/internal/access"
)

// Asker is who asks about a person: an operator, or whoever signed a request with an API key's secret (3.4).
type Asker struct {
	Operator bool
	APIKey   string
	Signed   access.Signed
}

// Export returns everything that is kept of a person. ErrNobody: nobody of the key's organisation and mode has this id.
func (s *Service) Export(ctx context.Context, by Asker, id string) (Dossier, error) {
	k, err := s.personKey(by, id)
	if err != nil {
		return Dossier{}, err
	}
	k.Whole = true
	state, err := s.o.People.ViewPerson(ctx, k)
	if err == nil {
		err = state.find(k.Keyed, by.Signed, s.o.Now())
	}
	if err != nil {
		return Dossier{}, err
	}
	return *state.Person, nil
}

// Erase removes a person and returns what is left. Once it has returned without an error, no copy of a session is left in a cache either. Erasing somebody who was
// erased before answers the same and makes up for what failed then.
func (s *Service) Erase(ctx context.Context, by Asker, id string) (Erasure, error) {
	k, err := s.personKey(by, id)
	if err != nil {
		return Erasure{}, err
	}
	now, erased := s.o.Now(), Erasure{}
	err = s.o.People.ErasePerson(ctx, k, func(state PersonState) (*Erasure, error) {
		left, refusal := Erase(state, k.Keyed, by.Signed, now)
		switch {
		case left != nil:
			erased = *left
		case refusal == nil:
			erased = *state.Erased
		}
		return left, refusal
	})
	if err == nil && s.o.Cache != nil {
		err = s.o.Cache.Forget(ctx, erased.Sessions)
	}
	return erased, err
}

// EraseIdle removes people of an organisation whom nothing has been done with for the time that it keeps them, at most limit, and returns how many they were. Their
// sessions are over, so that no cache has a copy.
func (s *Service) EraseIdle(ctx context.Context, in Idle, limit int) (erased int, err error) {
	ids, err := s.o.People.IdlePeople(ctx, in, limit)
	for _, id := range ids {
		one := 0
		err := s.o.People.ErasePerson(ctx, PersonKey{ID: id}, func(state PersonState) (*Erasure, error) {
			left, refusal := EraseIdle(state, in)
			one = 0
			if left != nil {
				one = 1
			}
			return left, refusal
		})
		if err != nil {
			return erased, err
		}
		erased += one
	}
	return erased, err
}

func (s *Service) personKey(by Asker, id string) (PersonKey, error) {
	if by.Operator {
		return PersonKey{ID: id}, nil
	}
	if by.APIKey == "" {
		return PersonKey{}, access.ErrKeyUnknown
	}
	return PersonKey{Keyed: true, Secret: s.o.Keys.Lookup(access.ForAPIKey, by.APIKey), ID: id}, nil
}
