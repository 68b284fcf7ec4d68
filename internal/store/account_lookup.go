package store

import (
	"avow/internal/account"
)

// holderColumns are what counts of the account that a token belongs to, on calls that name another one.
const holderColumns = `COALESCE(h.id, ''), COALESCE(h.status, ''), COALESCE(h.login_disabled, FALSE), COALESCE(h.token_epoch, 0),
  COALESCE(h.kept_family, '')`

// newNamed is the look-up of an account by a name that the caller gives, in the organisation of the token; columns are those of v behind the token's hash.
func newNamed(columns, found string) *set {
	return newSet(`hash bytea, `+columns, `SELECT v.unit, `+tokenColumns+`, `+clientColumns+`, `+organisationColumns+`, `+accountColumns+`, `+holderColumns+`
FROM v JOIN tokens t ON t.hash = v.hash`+ofFamily+`
JOIN clients c ON c.id = t.client_id AND c.org_id = t.org_id
JOIN organisations o ON o.id = t.org_id
LEFT JOIN accounts h ON h.id = t.account_id AND h.org_id = t.org_id
`+found)
}

var (
	loadNamedByID    = newNamed(`name text`, `LEFT JOIN accounts a ON a.id = v.name AND a.org_id = t.org_id`)
	loadNamedByEmail = newNamed(`name text`, `LEFT JOIN accounts a ON a.email_key = v.name AND a.org_id = t.org_id`)
	loadNamedByName  = newNamed(`name text, kind text`, `LEFT JOIN account_names n ON n.value = v.name AND n.kind = v.kind AND n.org_id = t.org_id
LEFT JOIN accounts a ON a.id = n.account_id AND a.org_id = n.org_id`)
)

// loadNamed reads the account of a name in the organisation of a token.
func loadNamed(b *batch, k account.Key, state *account.State) {
	with, name := loadNamedByName, []any{k.Name.Value, string(k.Name.Kind)}
	switch k.Name.Kind {
	case account.ByID:
		with, name = loadNamedByID, []any{k.Name.Value}
	case account.ByEmail:
		with, name = loadNamedByEmail, []any{k.Name.Value}
	}
	b.find(with, func(scan scanner) error {
		var h holderRow
		err := scanTokenState(scan, state, h.columns()...)
		state.Holder = h.account()
		return err
	}, ahead(candidates(k.Token), name)...)
}

// ahead puts the same values behind every key.
func ahead(keys [][]any, rest []any) [][]any {
	for i, key := range keys {
		keys[i] = join(key, rest)
	}
	return keys
}

// What is in use of a new account's address and names: by an operator's word in the organisation that they name, else in the token's.
var (
	loadOrganisation = newSet(`org text, email_key text`, `SELECT v.unit, `+organisationColumns+`, `+accountColumns+`
FROM v JOIN organisations o ON o.id = v.org LEFT JOIN accounts a ON a.email_key = v.email_key AND a.org_id = o.id`)

	loadNamesInUse = newSet(`org text, name text, kind text`, `SELECT v.unit, n.kind
FROM v JOIN account_names n ON n.value = v.name AND n.kind = v.kind AND n.org_id = v.org`)

	loadNamesInUseOfToken = newSet(`hash bytea, name text, kind text`, `SELECT v.unit, n.kind
FROM v JOIN tokens t ON t.hash = v.hash JOIN account_names n ON n.value = v.name AND n.kind = v.kind AND n.org_id = t.org_id`)
)

// loadNew reads what a new account could collide with.
func loadNew(b *batch, k account.Key, state *account.State) {
	inUse := func(scan scanner) error {
		var kind string
		err := scan(&kind)
		state.InUse = append(state.InUse, account.NameKind(kind))
		return err
	}
	var names [][]any
	if k.ByToken {
		loadNamed(b, k, state)
		for _, n := range k.Names {
			names = append(names, ahead(candidates(k.Token), []any{n.Value, string(n.Kind)})...)
		}
		b.find(loadNamesInUseOfToken, inUse, names...)
		return
	}
	b.find(loadOrganisation, func(scan scanner) error {
		var o organisationRow
		var a accountRow
		err := scan(join(o.columns(), a.columns())...)
		o.tell(state)
		state.Account = a.account()
		return err
	}, []any{k.Org, k.Name.Value})
	for _, n := range k.Names {
		names = append(names, []any{k.Org, n.Value, string(n.Kind)})
	}
	b.find(loadNamesInUse, inUse, names...)
}

type holderRow struct {
	id, status    string
	loginDisabled bool
	sessions      account.Sessions
}

func (r *holderRow) columns() []any {
	return []any{&r.id, &r.status, &r.loginDisabled, &r.sessions.Epoch, &r.sessions.Kept}
}

// account is nil when the token has none.
func (r *holderRow) account() *account.Account {
	if r.id == "" {
		return nil
	}
	return &account.Account{ID: r.id, Status: account.Status(r.status), LoginDisabled: r.loginDisabled, Sessions: r.sessions}
}
