package event

// Envelope is the webhook body of the account contract (accounts-api.md 6.2).
type Envelope struct {
	Event     Name    `json:"event"`
	Timestamp Instant `json:"timestamp"`
	Payload   Payload `json:"payload"`
}

// Unused is an entity that an event has nothing to say of: its key is there all the same.
type Unused struct{}

// Payload holds every entity of the contract. Ours are about accounts, so all others stay empty.
type Payload struct {
	Account         Account   `json:"account"`
	Order           Unused    `json:"order"`
	Payment         Unused    `json:"payment"`
	Receipt         Unused    `json:"receipt"`
	Share           Unused    `json:"share"`
	UserProduct     Unused    `json:"user_product"`
	NewUserProduct  Unused    `json:"new_user_product"`
	Gift            Unused    `json:"gift"`
	Product         Unused    `json:"product"`
	PaymentRetry    Unused    `json:"payment_retry"`
	EventData       EventData `json:"event_data"`
	PaymentAboutDue Unused    `json:"payment_about_to_expire"`
}

// EventData is what belongs to single events; most have none.
type EventData struct {
	VerificationURL string `json:"verification_url,omitempty"` // confirmation_email_requested: the caller's URL, as given (6.3)
	ConfirmationURL string `json:"confirmation_url,omitempty"` // new_account_registered, of accounts that are to be verified
	EmailChangeURL  string `json:"email_change_url,omitempty"` // account_requested_email_change
	ResetURL        string `json:"reset_url,omitempty"`        // account_requested_password_reset

	// account_requested_one_time_password
	LoginURL        string  `json:"login_url,omitempty"`
	ValidUntil      Instant `json:"valid_until,omitzero"`
	OneTimePassword string  `json:"one_time_password,omitempty"`

	Bounce *Bounce `json:"bounce,omitempty"` // mail_bounced
}

// Account is payload.account. An empty text stands for "not set".
type Account struct {
	ID                     string        `json:"id"`
	Organisation           string        `json:"organisation_id"`
	FirstName              string        `json:"first_name"`
	LastName               string        `json:"last_name"`
	ContactEmail           string        `json:"contact_email"`
	MobileNumber           *string       `json:"mobile_number"`
	Alias                  string        `json:"alias"`
	CustomerNumber         string        `json:"customer_number"`
	BirthDate              string        `json:"birth_date"`
	SSN                    string        `json:"ssn"`
	Status                 string        `json:"status"`
	LoyaltyCardNumber      string        `json:"loyalty_card_number"`
	Origin                 string        `json:"account_origin"`
	Verified               bool          `json:"verified"`
	Created                OffsetInstant `json:"created"`
	Updated                OffsetInstant `json:"updated"`
	ConfirmationCode       string        `json:"confirmation_code"`
	ContactEmailForUpdate  string        `json:"contact_email_for_update"`
	ContactEmailUpdateCode string        `json:"contact_email_update_code"`
	Address                Address       `json:"address"`
	Gender                 string        `json:"gender"`
}

// Address is payload.account.address.
type Address struct {
	ID              string `json:"id"`
	FirstName       string `json:"first_name"`
	LastName        string `json:"last_name"`
	Street          string `json:"street"`
	StreetNumber    string `json:"street_number"`
	Staircase       string `json:"staircase"`
	Floor           string `json:"floor"`
	ApartmentNumber string `json:"apartment_number"`
	ZipCode         string `json:"zip_code"`
	City            string `json:"city"`
	MobileNumber    string `json:"mobile_number"`
	PhoneNumber     string `json:"phone_number"`
	Email           string `json:"email"`
	CountryCode     string `json:"country_code"`
}
