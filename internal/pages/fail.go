package pages

import (
	"errors"
	"net/http"
	"strings"

	"avow/internal/fault"
	"avow/internal/web"
)

// Refusals of the pages' own.
var (
	errCrossSite = fault.New(fault.Forbidden, "cross_site", "The request came from a page of another site.")
	errStatus    = fault.New(fault.Invalid, "bad_status", "The parameter status takes a number from 200 to 599.")
)

// statuses by the kind of fault; a kind that is missing here is 500.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Unauthenticated: http.StatusForbidden, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Expired: http.StatusConflict,
	fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, web.ErrMethod):
		return http.StatusMethodNotAllowed
	case errors.Is(err, web.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	}
	if status, ok := statuses[fault.From(err).Kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// problem is what the page of an error tells.
type problem struct {
	Title     string
	Text      string
	RequestID string // empty: it would help nobody
}

// problems in words, by status.
var problems = map[int]problem{
	http.StatusBadRequest:            {Title: "That did not make sense", Text: "The server could not make sense of this request."},
	http.StatusForbidden:             {Title: "Not from there", Text: "This request came from a page of another site, so nothing was done. Open the link from your mail and press the button there."},
	http.StatusNotFound:              {Title: "There is nothing here", Text: "The address may have been copied in part, or what was here is gone."},
	http.StatusMethodNotAllowed:      {Title: "Not in this way", Text: "This address exists, but it cannot be used in this way."},
	http.StatusRequestEntityTooLarge: {Title: "That was too much", Text: "The request was larger than this address takes."},
	http.StatusTooManyRequests:       {Title: "Please wait a little", Text: "There were too many tries in a short time. Wait a few minutes, then try again."},
	http.StatusInternalServerError:   {Title: "Something went wrong here", Text: "This is our fault, not yours. Please try again in a moment."},
	http.StatusServiceUnavailable:    {Title: "Please try again in a moment", Text: "The server is busy or being looked after. Nothing is lost."},
}

// Fail answers with the page of an error, or with JSON where that was asked for. It is a web.Renderer, and needs nothing to have been prepared.
func (p *Pages) Fail(w http.ResponseWriter, r *http.Request, err error) {
	web.Note(r, err)
	protect(w.Header())
	f, status := fault.From(err), statusOf(err)
	web.RetryAfter(w, f)
	if wantsJSON(r) {
		_ = web.WriteJSON(w, status, map[string]string{"code": string(f.Reason), "message": f.Message, "requestId": web.InfoOf(r).ID})
		return
	}
	if p.show(w, page{name: "problem", status: status, data: problemOf(status, web.InfoOf(r).ID)}) != nil {
		w.WriteHeader(status)
	}
}

// problemOf puts a status into words; the request's id goes with what an operator must look into.
func problemOf(status int, requestID string) problem {
	v, ok := problems[status]
	if !ok {
		v = problems[http.StatusBadRequest]
	}
	if status >= http.StatusInternalServerError {
		v.RequestID = requestID
	}
	return v
}

// wantsJSON reports whether the caller names JSON among what it accepts; browsers do not.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")), "application/json")
}
