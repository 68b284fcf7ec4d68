package store

import (
	"encoding/json"

	"avow/internal/account"
)

// A new account is written with its version at once. Its unique keys are its guard: who finds the address taken writes nothing, and is decided again.
var (
	insertAccount = guardSet(0, `id text, fresh bigint, org text, email text, email_key text, status text, verified boolean, login_disabled boolean, password text,
  profile text, codes text, created_at bigint, updated_at bigint`,
		`INSERT INTO accounts (id, org_id, email, email_key, status, verified, login_disabled, password, profile, codes, created_at, updated_at, version)
SELECT v.id, v.org, v.email, v.email_key, v.status, v.verified, v.login_disabled, v.password, v.profile, v.codes, v.created_at, v.updated_at, v.fresh FROM v WHERE TRUE
ON CONFLICT DO NOTHING RETURNING accounts.id`)

	insertName = writeSet(1, ofGuard+`name text, kind text`, `INSERT INTO account_names (value, kind, org_id, account_id)
SELECT v.name, v.kind, v.account_org, v.account`+ofAccount)
)

// writeNew adds the rows of a new account.
func (b *batch) writeNew(a account.Account, fresh int64, codes string) {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		panic(err) // strings always encode
	}
	b.write(insertAccount, a.ID, fresh, a.Org, a.Email, account.EmailKey(a.Email), string(a.Status), a.Verified, a.LoginDisabled, a.Password, string(profile),
		codes, micros(a.CreatedAt), micros(a.UpdatedAt))
	for _, n := range a.Profile.Names() {
		b.write(insertName, a.ID, a.Org, fresh, n.Value, string(n.Kind))
	}
}

// updateNothing is updateAccount where there is no account: nothing is guarded.
var updateNothing = writeSet(0, updatedAccount, setAccount)

// idle writes nothing, by the statements of a counted wrong code.
func idle() *batch {
	b := &batch{}
	b.write(updateNothing, "", "", int64(0), int64(0), "", "", "", false, false, "", int64(0), "", noCodes, int64(0), int64(0), int64(0))
	return b
}
