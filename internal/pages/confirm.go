package pages

import (
	"errors"
	"net/http"
	"net/url"

	"avow/internal/fault"
	"avow/internal/web"
)

// maxForm is the largest form that is read, in bytes.
const maxForm = 64 << 10

// confirmation is what the link of a confirmation mail carries.
type confirmation struct{ ID, Code string }

func confirmationIn(values url.Values) (c confirmation, whole bool) {
	c = confirmation{ID: values.Get("id"), Code: values.Get("confirmation_code")}
	return c, c.ID != "" && c.Code != ""
}

// askToConfirm shows a button. Nothing is looked up: mail scanners open links, and whoever makes up an id learns nothing from the page.
func (p *Pages) askToConfirm(w http.ResponseWriter, r *http.Request) error {
	c, whole := confirmationIn(r.URL.Query())
	if !whole {
		return p.refuse(w, http.StatusBadRequest)
	}
	return p.show(w, page{name: "confirm", status: http.StatusOK, data: c})
}

// confirm is the button. Whatever the link is refused for has one answer.
func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	c, whole, err := readForm(w, r)
	if err != nil {
		return err
	}
	if !whole {
		return p.refuse(w, http.StatusBadRequest)
	}
	if err := p.o.Verifier.VerifyOnPage(r.Context(), c.ID, c.Code); err != nil {
		return p.refused(w, r, err)
	}
	return p.show(w, page{name: "confirmed", status: http.StatusOK})
}

// readForm takes the values from the body alone; a form that cannot be read is not whole.
func readForm(w http.ResponseWriter, r *http.Request) (c confirmation, whole bool, err error) {
	values, err := formIn(w, r)
	c, whole = confirmationIn(values)
	return c, whole, err
}

// formIn reads a form from the body alone; one that cannot be read has no values.
func formIn(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	unreadable := r.ParseForm()
	var tooLarge *http.MaxBytesError
	if errors.As(unreadable, &tooLarge) {
		return nil, web.ErrTooLarge
	}
	if unreadable != nil {
		return nil, nil
	}
	return r.PostForm, nil
}

// refused tells faults of the link from faults of the server.
func (p *Pages) refused(w http.ResponseWriter, r *http.Request, err error) error {
	switch fault.From(err).Kind {
	case fault.Internal, fault.Unavailable, fault.TooMany:
		return err
	}
	web.Note(r, err)
	return p.refuse(w, http.StatusConflict)
}

func (p *Pages) refuse(w http.ResponseWriter, status int) error {
	return p.show(w, page{name: "refused", status: status})
}
