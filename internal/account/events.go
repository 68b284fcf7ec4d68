package account

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"avow/internal/event"
	"avow/internal/outbox"
)

// EventIDs are those of the events that one change may cause, drawn beforehand.
type EventIDs [2]string

func (s *Service) eventIDs() EventIDs { return EventIDs{s.o.Random.ID("evt_"), s.o.Random.ID("evt_")} }

// told is an event, with what it says beside the account as it is once the change is saved (accounts-api.md 6.2, 6.3). Codes are secrets: they are told for mails that the
// receiver sends itself, and payloads are sealed.
type told struct {
	name         event.Name
	code         string
	newEmail     string
	newEmailCode string
	data         event.EventData
}

// tell adds the webhooks by which every endpoint that wants to know hears of the change.
func (n Next) tell(s State, ids EventIDs, all ...told) Next {
	for i, t := range all {
		var body []byte
		for k, e := range s.Endpoints {
			if !e.Hears(string(t.name)) {
				continue
			}
			if body == nil {
				body = t.body(*n.Account)
			}
			hook := outbox.Hook{URL: e.URL, Event: ids[i], Signer: outbox.Signer{Endpoint: e.ID}, Body: body}
			id := "dlv_" + strings.TrimPrefix(ids[i], "evt_") + "_" + strconv.Itoa(k)
			n.Hooks = append(slices.Clip(n.Hooks), outbox.NewWebhook(id, n.Account.Org, false, hook, n.Account.UpdatedAt))
		}
	}
	return n
}

func (t told) body(a Account) []byte {
	body, err := event.Marshal(event.Envelope{Event: t.name, Timestamp: event.Instant(a.UpdatedAt), Payload: event.Payload{Account: t.account(a), EventData: t.data}})
	if err != nil {
		panic(err) // texts and truth values always encode
	}
	return body
}

func (t told) account(a Account) event.Account {
	p := a.Profile
	return event.Account{
		ID: a.ID, Organisation: a.Org, FirstName: p.FirstName, LastName: p.LastName, ContactEmail: a.Email, MobileNumber: event.OrNull(p.MobilePhone), Alias: p.Alias,
		CustomerNumber: p.CustomerNumber, BirthDate: p.BirthDate, Status: string(a.Status), Origin: p.Origin, Verified: a.Verified,
		Created: event.OffsetInstant(a.CreatedAt), Updated: event.OffsetInstant(a.UpdatedAt),
		ConfirmationCode: t.code, ContactEmailForUpdate: t.newEmail, ContactEmailUpdateCode: t.newEmailCode, Address: addressOf(p.Address),
	}
}

// addressOf takes the members that the contract names.
func addressOf(a map[string]string) event.Address {
	return event.Address{
		ID: a["id"], FirstName: a["first_name"], LastName: a["last_name"], Street: a["street"], StreetNumber: a["street_number"], Staircase: a["staircase"],
		Floor: a["floor"], ApartmentNumber: a["apartment_number"], ZipCode: a["zip_code"], City: a["city"], MobileNumber: a["mobile_number"],
		PhoneNumber: a["phone_number"], Email: a["email"], CountryCode: a["country_code"],
	}
}

// confirmed are the events of a verification; an activation is told only where there was one.
func confirmed(before Account) []told {
	all := []told{{name: event.RegisteredAccountConfirmed}}
	if before.Status == Created {
		all = append(all, told{name: event.AccountActivated})
	}
	return all
}

// textual is how mails are given an instant.
func textual(t time.Time) string { return t.UTC().Format(time.RFC3339) }
