// Package event names what happened and gives it the shape that webhooks tell it in: the bodies of both contracts, member for member, and their one encoder.
//
// Bodies are structs of text, truth values, whole numbers, lists and each other, nothing else: a receiver may check a signature over what JSON.stringify makes of the
// parsed body, and only these come back as the same bytes.
package event

import "time"

// Name says what happened.
type Name string

// Events of the skill contract (skills-api.md 7).
const (
	VerificationInitiated Name = "verification.initiated"
	VerificationCompleted Name = "verification.completed"
	SkillMailBounced      Name = "mail.bounced" // of our own
)

// Events of registered endpoints: the guide's names for how a verification ended (skills-api.md 7, 13.3). Nothing pauses an assessment here, so the last is never told.
const (
	VerificationPassed Name = "verification.passed"
	VerificationFailed Name = "verification.failed"
	AssessmentPassed   Name = "assessment.passed"
	AssessmentFailed   Name = "assessment.failed"
	AssessmentPaused   Name = "assessment.paused"
)

// GuideEvents are all that an endpoint can be registered for.
var GuideEvents = []Name{VerificationPassed, VerificationFailed, AssessmentPassed, AssessmentFailed, AssessmentPaused}

// Events of the account contract (accounts-api.md 6.3).
const (
	ConfirmationEmailRequested Name = "confirmation_email_requested"
	RegisteredAccountConfirmed Name = "registered_account_confirmed"
	NewAccountRegistered       Name = "new_account_registered"
	AccountActivated           Name = "account_activated_for_existing_customer"
	AccountChanged             Name = "account_changed"
	EmailChangeRequested       Name = "account_requested_email_change"
	PasswordResetRequested     Name = "account_requested_password_reset"
	PasswordResetComplete      Name = "account_password_reset_complete"
	OneTimePasswordRequested   Name = "account_requested_one_time_password"
	AccountMailBounced         Name = "mail_bounced" // of our own
)

// AccountEvents are all of the account contract.
var AccountEvents = []Name{
	ConfirmationEmailRequested, RegisteredAccountConfirmed, NewAccountRegistered, AccountActivated, AccountChanged, EmailChangeRequested, PasswordResetRequested,
	PasswordResetComplete, OneTimePasswordRequested, AccountMailBounced,
}

// Instant is written in UTC with milliseconds and Z (skills-api.md 2); the zero one is null.
type Instant time.Time

// MarshalJSON implements json.Marshaler.
func (i Instant) MarshalJSON() ([]byte, error) {
	return instant(time.Time(i), "2006-01-02T15:04:05.000Z")
}

// IsZero reports whether there is no instant.
func (i Instant) IsZero() bool { return time.Time(i).IsZero() }

// OffsetInstant is written in UTC with an offset in figures, as the account contract writes an account's instants (accounts-api.md 6.2); the zero one is null.
type OffsetInstant time.Time

// MarshalJSON implements json.Marshaler.
func (i OffsetInstant) MarshalJSON() ([]byte, error) {
	return instant(time.Time(i), "2006-01-02T15:04:05.000-07:00")
}

func instant(t time.Time, layout string) ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(t.UTC().Format(`"` + layout + `"`)), nil
}

// List is a list that is never null.
type List[T any] []T

// MarshalJSON implements json.Marshaler.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("[]"), nil
	}
	return Marshal([]T(l))
}

// OrNull is how a text that may be absent is written.
func OrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
