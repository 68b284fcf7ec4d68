package store

import (
	"encoding/hex"
	"encoding/json"
	"maps"

	"avow/internal/account"
)

// verifyEmail is the purpose of the codes of e-mail verification, which the rules keep apart from all others.
const verifyEmail = account.VerifyEmail

// codeDocument is a code as its account's row holds it, under its purpose.
type codeDocument struct {
	ID        string `json:"id"`
	Hash      string `json:"hash"` // hexadecimal
	About     string `json:"about,omitempty"`
	Wrong     int    `json:"wrong"`
	Delivery  string `json:"delivery"`
	CreatedAt int64  `json:"createdAt"`
	ExpiresAt int64  `json:"expiresAt"`
}

const noCodes = "{}"

// tell fills a state with the account and its codes.
func (r *accountRow) tell(state *account.State) {
	state.Account = r.account()
	state.Codes = codesFrom(r.codes)
	state.Code = state.Codes[verifyEmail]
	delete(state.Codes, verifyEmail)
}

// codesFrom is nil where there are none.
func codesFrom(text string) account.Codes {
	var documents map[account.Purpose]codeDocument
	if text == noCodes || json.Unmarshal([]byte(text), &documents) != nil { // only this program writes it
		return nil
	}
	codes := account.Codes{}
	for purpose, d := range documents {
		hash, _ := hex.DecodeString(d.Hash)
		codes[purpose] = &account.Code{
			ID: d.ID, Hash: hashFrom(hash), About: d.About, Wrong: d.Wrong, Delivery: d.Delivery, CreatedAt: instant(d.CreatedAt), ExpiresAt: instant(d.ExpiresAt),
		}
	}
	return codes
}

// codesToJSON are the codes that are out once a decision is saved.
func codesToJSON(state account.State, next account.Next) string {
	kept, changes := account.Codes{verifyEmail: state.Code}, account.Codes{}
	maps.Copy(kept, state.Codes)
	maps.Copy(changes, next.Codes)
	if next.Code != nil || next.NoCode {
		changes[verifyEmail] = next.Code
	}
	return codesAfter(kept, changes)
}

// codesAfter puts changes in the place of what was kept: those of purposes that they say nothing of stay.
func codesAfter(kept, changes account.Codes) string {
	codes, documents := account.Codes{}, map[account.Purpose]codeDocument{}
	maps.Copy(codes, kept)
	maps.Copy(codes, changes)
	for purpose, c := range codes {
		if c != nil {
			documents[purpose] = codeDocument{c.ID, hex.EncodeToString(c.Hash[:]), c.About, c.Wrong, c.Delivery, micros(c.CreatedAt), micros(c.ExpiresAt)}
		}
	}
	return toJSON(documents)
}
