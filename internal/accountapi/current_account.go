package accountapi

import (
	"net/http"

	"avow/internal/account"
	"avow/internal/web"
)

// accountFields are those of GET /me and GET /accounts, in the contract's order (accounts-api.md 5.1, 13.9). The pointers are left out of version 3.
type accountFields struct {
	ID             string            `json:"id"`
	Email          string            `json:"email"`
	Status         string            `json:"status"`
	Verified       bool              `json:"verified"`
	CustomerNumber string            `json:"customer_number"`
	TuloNumber     *string           `json:"tulo_customer_number,omitempty"`
	FirstName      string            `json:"first_name"`
	LastName       string            `json:"last_name"`
	MobilePhone    *string           `json:"mobile_phone_number"`
	BirthDate      string            `json:"birth_date"`
	Alias          string            `json:"alias"`
	Origin         *string           `json:"account_origin"`
	Tags           *[]string         `json:"tags,omitempty"`
	Address        map[string]string `json:"address"`
	UserProducts   []struct{}        `json:"user_products"`
}

// currentAccount is GET /external/api/v1/me.
func (a api) currentAccount(w http.ResponseWriter, c call) error {
	return a.showOwn(w, c, fieldsOfV1)
}

// currentAccountV3 is GET /external/api/v3/me.
func (a api) currentAccountV3(w http.ResponseWriter, c call) error {
	return a.showOwn(w, c, fieldsOf)
}

func (a api) showOwn(w http.ResponseWriter, c call, fields func(account.Account) accountFields) error {
	if _, err := c.query(); err != nil {
		return err
	}
	found, err := a.service.Account(c.Context(), c.Call)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, item{fields(found)})
}

// fieldsOfV1 are those of version 1, of GET /accounts and of a new account.
func fieldsOfV1(a account.Account) accountFields {
	fields := fieldsOf(a)
	tags := append([]string{}, a.Profile.Tags...)
	fields.TuloNumber, fields.Tags = &a.Profile.TuloCustomerNumber, &tags
	return fields
}

func fieldsOf(a account.Account) accountFields {
	p := a.Profile
	fields := accountFields{
		ID: a.ID, Email: a.Email, Status: string(a.Status), Verified: a.Verified, CustomerNumber: p.CustomerNumber, FirstName: p.FirstName,
		LastName: p.LastName, MobilePhone: orNull(p.MobilePhone), BirthDate: p.BirthDate, Alias: p.Alias, Origin: orNull(p.Origin),
		Address: p.Address, UserProducts: []struct{}{},
	}
	if fields.Address == nil {
		fields.Address = map[string]string{}
	}
	return fields
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
