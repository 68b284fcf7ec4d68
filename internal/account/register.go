package account

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"avow/internal/access"
	"avow/internal/code"
	"avow/internal/event"
)

// maxEmail is the longest address (accounts-api.md 1.4).
const maxEmail = 1024

// emailForm is the documented form of addresses (accounts-api.md 1.4). Upper case is spelled out: with a flag for it the expression would take two letters that are not ASCII.
var emailForm = regexp.MustCompile(`\A[\w+\-.]+@[A-Za-z\d\-]+(\.[A-Za-z]+)*\.[A-Za-z]+\z`)

// CheckEmail refuses what is no address (accounts-api.md 1.4).
func CheckEmail(email string) error {
	if len(email) > maxEmail || !emailForm.MatchString(email) {
		return ErrEmailMalformed
	}
	return nil
}

// CheckPassword refuses passwords that are too short or too long (accounts-api.md 13.14).
func CheckPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < access.MinPassword || n > access.MaxPassword {
		return ErrPasswordLength
	}
	return nil
}

// The longest names in characters. They stand in an index, whose rows have a limit.
const (
	maxName        = 255
	maxExternalKey = 64
)

var customerNumberForm = regexp.MustCompile(`\A[a-zA-Z\-_0-9]{1,10}\z`)

// IsCustomerNumber reports whether a text has the documented form of customer numbers (accounts-api.md 5.1).
func IsCustomerNumber(text string) bool { return customerNumberForm.MatchString(text) }

// CheckNames refuses names that could not be looked up.
func (p Profile) CheckNames() error {
	for _, n := range p.Names() {
		key, external := strings.CutPrefix(string(n.Kind), externalID)
		switch {
		case !plain(n.Value, maxName), external && !plain(key, maxExternalKey), n.Kind == ByCustomerNumber && !IsCustomerNumber(n.Value):
			return ErrNameMalformed.On(n.Kind.field())
		}
	}
	return nil
}

// plain accepts texts of one to limit characters, none of them a control.
func plain(text string, limit int) bool {
	n := utf8.RuneCountInString(text)
	return 0 < n && n <= limit && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 })
}

// NewAccount is what is said of an account to be made.
type NewAccount struct {
	Org           string // an operator's word; that of a call comes with its token
	Email         string
	Password      string // empty: none
	Verified      bool   // active and verified from the start
	LoginDisabled bool
	Profile       Profile
}

// RegisterInput is an account to be made, with everything that chance and the clock add. The request is made if the account is not verified from the start.
type RegisterInput struct {
	CreateInput
	Account  Account // all but its status and whether it is verified
	Verified bool
}

// Register makes an account for a system. One that is not verified from the start is sent its confirmation mail (accounts-api.md 5.2, 5.3, 13.10).
func Register(s State, in RegisterInput) (Next, error) {
	if err := s.authorize(in.Need, in.Now); err != nil {
		return Next{}, err
	}
	in.Account.Org = s.Token.Org
	next, err := enrol(s, in)
	if err != nil {
		return Next{}, err
	}
	news := told{name: event.NewAccountRegistered}
	if !next.Account.Verified {
		next.Mails = []Mail{confirmationMail(s, *next.Account, in.CreateInput)}
		next = next.with(code.Issue(nil, in.code()))
		news.data.ConfirmationURL = in.Policy.link("", next.Account.ID, in.Code)
	}
	return next.tell(s, in.Events, news), nil
}

// Enrol makes an account on an operator's word. In an organisation that does not ask for verification every new account is verified (accounts-api.md 5.2).
func Enrol(s State, in RegisterInput) (Next, error) {
	next, err := enrol(s, in)
	if err != nil {
		return Next{}, err
	}
	return next.tell(s, in.Events, told{name: event.NewAccountRegistered}), nil
}

func enrol(s State, in RegisterInput) (Next, error) {
	if s.Account != nil {
		return Next{}, ErrEmailTaken
	}
	if len(s.InUse) > 0 {
		return Next{}, ErrNameInUse.On(s.InUse[0].field())
	}
	a := in.Account
	a.Status = Created
	if in.Verified || !s.Settings.On(access.VerificationRequired) {
		a.Status, a.Verified = Active, true
	}
	return Next{Account: &a}, nil
}

// Register makes an account for a system, in the organisation of its token. The slow hash of the password is made only for a call that is otherwise good.
func (s *Service) Register(ctx context.Context, c Call, n NewAccount) (Account, error) {
	in, err := s.enrolment(c.Need, n)
	if err != nil {
		return Account{}, err
	}
	k, err := s.key(c.about(ByEmail, n.Email))
	if err != nil {
		return Account{}, err
	}
	k.New, k.Names = true, n.Profile.Names()
	state, err := s.o.Accounts.View(ctx, k)
	if err != nil {
		return Account{}, err
	}
	if _, err = Register(state, in); err != nil {
		return Account{}, err
	}
	return s.make(ctx, k, n, func(state State, password string) (Next, error) {
		in.Account.Password = password
		return Register(state, in)
	})
}

// Create makes an account on an operator's word: created and unverified, or active and verified. No mail is sent.
func (s *Service) Create(ctx context.Context, n NewAccount) (Account, error) {
	n.Email = strings.TrimSpace(n.Email)
	in, err := s.enrolment(access.Need{}, n)
	if err != nil {
		return Account{}, err
	}
	k := KeyOfNew(n.Org, n.Email, n.Profile.Names())
	return s.make(ctx, k, n, func(state State, password string) (Next, error) {
		in.Account.Password = password
		return Enrol(state, in)
	})
}

// enrolment checks what is said of an account and draws the rest.
func (s *Service) enrolment(need access.Need, n NewAccount) (RegisterInput, error) {
	if err := CheckEmail(n.Email); err != nil {
		return RegisterInput{}, err
	}
	if n.Password != "" {
		if err := CheckPassword(n.Password); err != nil {
			return RegisterInput{}, err
		}
	}
	if err := n.Profile.CheckNames(); err != nil {
		return RegisterInput{}, err
	}
	if n.Profile.Language != "" && !access.IsLanguage(n.Profile.Language) {
		return RegisterInput{}, ErrLanguageMalformed
	}
	in := RegisterInput{CreateInput: s.draw(need, ""), Verified: n.Verified}
	in.Account = Account{
		ID: s.o.Random.ObjectID(in.Now), Org: n.Org, Email: n.Email, LoginDisabled: n.LoginDisabled, Profile: n.Profile, CreatedAt: in.Now, UpdatedAt: in.Now,
	}
	return in, nil
}

// make hashes the password and has the decision carried out.
func (s *Service) make(ctx context.Context, k Key, n NewAccount, decide func(State, string) (Next, error)) (Account, error) {
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return Account{}, err
	}
	var made Account
	err = s.o.Accounts.Change(ctx, k, func(state State) (Next, error) {
		next, err := decide(state, hash)
		if err == nil {
			made = *next.Account
		}
		return next, err
	})
	if err != nil {
		return Account{}, err
	}
	return made, nil
}

func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	return s.o.Passwords.Hash(ctx, password)
}
