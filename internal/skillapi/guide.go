package skillapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"avow/internal/access"
	"avow/internal/catalogue"
	"avow/internal/skill"
)

// guideBase is where the guide layer begins; it is served below the contract's base, too (skills-api.md 10, 13.17).
const guideBase = "/v1"

// Guide is what the calls of the guide layer need of the rules.
type Guide interface {
	// Begin opens a verification by one call.
	Begin(ctx context.Context, apiKey string, in skill.BeginInput) (skill.Begun, error)
	// Overview returns a verification of the key's owner.
	Overview(ctx context.Context, apiKey, verification string) (skill.Overview, error)
	// Person returns a person of the key's owner by our id or the caller's.
	Person(ctx context.Context, apiKey, id string) (skill.Person, error)
	// Register makes an endpoint for some events, with the only copy of its secret.
	Register(ctx context.Context, apiKey, url string, events []string) (access.Endpoint, error)
	// Endpoints returns the registered endpoints of the key's organisation and mode.
	Endpoints(ctx context.Context, apiKey string) ([]access.Endpoint, error)
	// Unregister forgets an endpoint.
	Unregister(ctx context.Context, apiKey, id string) error
}

// Catalogue is the list of skills.
type Catalogue interface {
	// Page returns a page of the list and how long it is. Pages count from 1.
	Page(ctx context.Context, page, size int) ([]catalogue.Skill, int, error)
}

// guide are the routes of the guide layer.
func (a api) guide() []row {
	return []row{
		{method: http.MethodPost, path: "/verifications", auth: key, endpoint: a.begin},
		{method: http.MethodGet, path: "/verifications", auth: key, endpoint: noVerificationID},
		{method: http.MethodGet, path: "/verifications/{id}", auth: key, endpoint: a.overview},
		{method: http.MethodGet, path: "/users/{id}/verifications", auth: key, endpoint: a.verificationsOf},
		{method: http.MethodGet, path: "/skills", auth: key, endpoint: a.master},
		{method: http.MethodGet, path: "/vault", auth: key, endpoint: noGuideUser},
		{method: http.MethodGet, path: "/vault/{id}", auth: key, endpoint: a.vault},
		{method: http.MethodPost, path: "/webhooks", auth: key, endpoint: a.register},
		{method: http.MethodGet, path: "/webhooks", auth: key, endpoint: a.endpoints},
		{method: http.MethodDelete, path: "/webhooks/{id}", auth: key, endpoint: a.unregister},
	}
}

func noGuideUser(call) (answer, error) { return answer{}, errNoGuideUser }

// methods are the guide's words for the methods.
var methods = map[string]skill.Method{"human_endorsement": skill.Human, "assessment": skill.Assessment}

// methodWord is the guide's word for a method, or for an endorsement type, which stays what it is.
func methodWord[T ~string](endorsement T) string {
	if skill.Method(endorsement) == skill.Human {
		return "human_endorsement"
	}
	return string(endorsement)
}

type guideSkill struct {
	ID         string   `json:"skillId"`
	Name       *string  `json:"name"`
	Status     string   `json:"status"`
	VerifiedAt *string  `json:"verifiedAt"`
	ProofURLs  []string `json:"proofUrls"`
}

// proofWords are the guide's words for the statuses of skills.
var proofWords = map[skill.Status]string{skill.Pending: "pending", skill.Verified: "passed", skill.Rejected: "failed"}

// sourceDetails are what a source says of itself.
type sourceDetails struct {
	Description  *string         `json:"description"`
	Organisation *string         `json:"organization"`
	Start        *string         `json:"startDate"`
	End          *string         `json:"endDate"`
	Current      bool            `json:"current"`
	Metadata     json.RawMessage `json:"metadata"`
}

func sourceDetailsOf(i skill.Item) sourceDetails {
	d := sourceDetails{Description: orNull(i.Description), Organisation: orNull(i.Organisation), Start: stamp(i.Start), End: stamp(i.End), Current: i.Current}
	if i.Metadata != "" {
		d.Metadata = json.RawMessage(i.Metadata)
	}
	return d
}

type guideSource struct {
	Type  skill.Kind `json:"type"`
	ID    string     `json:"id"`
	Title string     `json:"title"`
	sourceDetails
}

type verifier struct {
	Name    string  `json:"name"`
	Email   string  `json:"email"`
	Company string  `json:"company"`
	Website *string `json:"website"`
}

type overview struct {
	VerificationID  string         `json:"verificationId"`
	StudentID       string         `json:"userId"`
	UserID          string         `json:"recordUserId"`
	Status          skill.Standing `json:"status"`
	Method          *string        `json:"method"`
	EndorsementType *string        `json:"endorsementType"`
	Skills          []guideSkill   `json:"skills"`
	Sources         []guideSource  `json:"sources"`
	Verifier        *verifier      `json:"verifier"`
	CreatedAt       *string        `json:"createdAt"`
	SentAt          *string        `json:"sentAt"`
	ExpiresAt       *string        `json:"expiresAt"`
	CompletedAt     *string        `json:"completedAt"`
}

// overviewOf shows a verification, of whichever calls it came, as it stands at an instant.
func overviewOf(o skill.Overview, now time.Time) overview {
	v := o.Verification
	shown := overview{
		VerificationID: v.ID, StudentID: v.Student, UserID: v.User, Status: o.Standing(now), Method: orNull(methodWord(v.Method)), EndorsementType: orNull(v.EndorsementType),
		Skills: []guideSkill{}, Sources: []guideSource{}, CreatedAt: stamp(v.CreatedAt), CompletedAt: stamp(v.CompletedAt),
	}
	for _, k := range o.Skills {
		shown.Skills = append(shown.Skills, guideSkill{k.ID, orNull(k.Name), proofWords[k.Status], stamp(k.VerifiedAt), k.ProofURLs})
	}
	for _, i := range o.Items {
		shown.Sources = append(shown.Sources, guideSource{i.Kind, i.ID, i.Title, sourceDetailsOf(i)})
	}
	if r := o.Reviewer; r != nil {
		shown.Verifier = &verifier{r.Name, r.Email, r.Company, orNull(r.Website)}
	}
	if r := o.Review; r != nil {
		shown.SentAt, shown.ExpiresAt = stamp(r.SentAt), stamp(r.ExpiresAt)
	}
	return shown
}

// overview is GET /verifications/{verificationId}.
func (a api) overview(c call) (answer, error) {
	verification, err := c.verificationID()
	if err != nil {
		return answer{}, err
	}
	o, err := a.service.Overview(c.Context(), c.apiKey, verification)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: overviewOf(o, a.now())}, nil
}

type person struct {
	UserID        string     `json:"recordUserId"`
	Name          string     `json:"name"`
	Email         *string    `json:"email"`
	Verifications []overview `json:"verifications"`
}

// person finds the person of a path.
func (a api) person(c call) (skill.Person, error) {
	id := skill.CallerID(c.PathValue("id"))
	if skill.Blank(id) {
		return skill.Person{}, errNoGuideUser
	}
	return a.service.Person(c.Context(), c.apiKey, id)
}

// verificationsOf is GET /users/{userId}/verifications.
func (a api) verificationsOf(c call) (answer, error) {
	p, err := a.person(c)
	if err != nil {
		return answer{}, err
	}
	data := person{UserID: p.User.ID, Name: p.User.Name, Email: orNull(p.User.Email)}
	for _, o := range p.Verifications {
		data.Verifications = append(data.Verifications, overviewOf(o, a.now()))
	}
	return answer{status: http.StatusOK, data: data}, nil
}

type vault struct {
	UserID string        `json:"userId"`
	Email  *string       `json:"email"`
	Vault  []vaultSource `json:"vault"`
}

type vaultSource struct {
	ID     string       `json:"sourceId"`
	Title  string       `json:"sourceTitle"`
	Skills []vaultSkill `json:"skills"`
	Type   skill.Kind   `json:"sourceType"` // this and what follows is ours
	sourceDetails
}

type vaultSkill struct {
	Name   string       `json:"name"`
	Proofs []vaultProof `json:"verifications"`
}

type vaultProof struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Date   string `json:"date"`
}

// vault is GET /vault/{userId}: its body stands in no envelope (skills-api.md 10).
func (a api) vault(c call) (answer, error) {
	p, err := a.person(c)
	if err != nil {
		return answer{}, err
	}
	body := vault{UserID: p.User.ID, Email: orNull(p.User.Email), Vault: []vaultSource{}}
	for _, s := range p.Vault() {
		shown := vaultSource{ID: s.Item.ID, Title: s.Item.Title, Type: s.Item.Kind, sourceDetails: sourceDetailsOf(s.Item)}
		for _, k := range s.Skills {
			shown.Skills = append(shown.Skills, vaultSkillOf(k))
		}
		body.Vault = append(body.Vault, shown)
	}
	return answer{status: http.StatusOK, flat: body}, nil
}

func vaultSkillOf(k skill.VaultSkill) vaultSkill {
	shown := vaultSkill{Name: k.Name}
	if k.Name == "" {
		shown.Name = k.Skill
	}
	for _, p := range k.Proofs {
		shown.Proofs = append(shown.Proofs, vaultProof{methodWord(p.Endorsement), proofWords[skill.Verified], p.At.UTC().Format(time.DateOnly)})
	}
	return shown
}
