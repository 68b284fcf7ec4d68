package skill

import (
	"context"

	"avow/internal/access"
)

// Begin opens a verification by one call, and sends it where a reviewer is named. It draws what chance and clock add to the input.
func (s *Service) Begin(ctx context.Context, apiKey string, in BeginInput) (begun Begun, err error) {
	if in.Claims, err = s.claims(ctx, in.Names); err != nil {
		return Begun{}, err
	}
	token := s.drawInit(&in.Init)
	in.Init.Lists, in.RecordID, in.Send = in.Source.Lists, s.o.Random.UUID(), s.drawSend(Carriers{})
	subject := s.keyed(apiKey)
	subject.EmailKey, subject.Touchpoints = EmailKey(in.Init.Email), true
	err = s.changeSending(ctx, apiKey, subject, func(state State) (next Next, refusal error) {
		next, begun, refusal = Begin(state, in)
		return next, refusal
	})
	begun.Token = token
	return begun, err
}

// claims turns names of skills into claims: what the catalogue knows by that id, name or alias, else the name itself, by which it is told from others in any letters.
func (s *Service) claims(ctx context.Context, names []string) ([]Claim, error) {
	known, err := s.o.Catalogue.Named(ctx, names)
	claims := make([]Claim, len(names))
	for i, name := range names {
		if k, ok := known[name]; ok {
			claims[i] = Claim{Skill: k.ID, Name: k.Name}
		} else {
			claims[i] = Claim{Skill: nameID(name), Name: spaced(name)}
		}
	}
	return claims, err
}

// Overview returns a verification of the key's owner.
func (s *Service) Overview(ctx context.Context, apiKey, verification string) (Overview, error) {
	subject := s.keyed(apiKey)
	subject.Verification = verification
	state, err := s.o.Verifications.ViewVerification(ctx, subject)
	if err != nil {
		return Overview{}, err
	}
	if err := state.authenticate(Need{}, s.o.Now()); err != nil {
		return Overview{}, err
	}
	if state.Verification == nil {
		return Overview{}, ErrVerificationUnknown
	}
	return state.Overview(), nil
}

// Person returns a person of the key's owner by our id or, failing that, by the caller's own: then the person of the newest verification that has it.
func (s *Service) Person(ctx context.Context, apiKey, id string) (Person, error) {
	p, err := s.o.Verifications.Person(ctx, s.o.Keys.Lookup(access.ForAPIKey, apiKey), id)
	if err != nil {
		return Person{}, err
	}
	return p, p.check()
}

// Endpoints returns the registered endpoints of the key's organisation and mode, oldest first.
func (s *Service) Endpoints(ctx context.Context, apiKey string) (all []access.Endpoint, err error) {
	err = s.changeEndpoints(ctx, apiKey, func(r Registered) (Registration, error) {
		all = r.Endpoints
		return Registration{}, access.AuthenticateKey(r.Key)
	})
	return all, err
}

// Register makes an endpoint for some events. Its secret is told this once.
func (s *Service) Register(ctx context.Context, apiKey, url string, events []string) (made access.Endpoint, err error) {
	e := access.Endpoint{ID: s.o.Random.ID("whe_"), URL: url, Events: events, Secret: s.o.Random.Secret("avow_whs_"), CreatedAt: s.o.Now()}
	err = s.changeEndpoints(ctx, apiKey, func(r Registered) (Registration, error) {
		next, refusal := Register(r, RegisterInput{Endpoint: e, Callbacks: s.o.Callbacks})
		if refusal == nil {
			made = *next.Add
		}
		return next, refusal
	})
	return made, err
}

// Unregister forgets an endpoint.
func (s *Service) Unregister(ctx context.Context, apiKey, id string) error {
	return s.changeEndpoints(ctx, apiKey, func(r Registered) (Registration, error) { return Unregister(r, id) })
}

func (s *Service) changeEndpoints(ctx context.Context, apiKey string, decide func(Registered) (Registration, error)) error {
	return s.o.Endpoints.ChangeRegistered(ctx, s.o.Keys.Lookup(access.ForAPIKey, apiKey), decide)
}
