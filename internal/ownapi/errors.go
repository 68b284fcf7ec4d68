package ownapi

import (
	"net/http"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/outbox"
	"avow/internal/skill"
	"avow/internal/web"
)

// errParameter refuses a parameter of the query, or a member of the body.
var errParameter = fault.New(fault.Invalid, "own_parameter", "A parameter cannot be read.")

// wireError is how a reason is told on the wire.
type wireError struct {
	status int
	code   string
}

// codes is the one place where reasons become statuses and codes.
var codes = map[fault.Reason]wireError{
	web.ErrRouteUnknown.Reason: {http.StatusNotFound, "NOT_FOUND"},
	web.ErrMethod.Reason:       {http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"},
	errParameter.Reason:        {http.StatusBadRequest, "INVALID_PARAMETER"},

	web.ErrContentType.Reason: {http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
	web.ErrJSON.Reason:        {http.StatusBadRequest, "INVALID_JSON"},
	web.ErrTooLarge.Reason:    {http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE"},

	limit.ErrTooMany.Reason:     {http.StatusTooManyRequests, "RATE_LIMITED"},
	limit.ErrAway.Reason:        {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},
	access.ErrKeyUnknown.Reason: {http.StatusUnauthorized, "UNAUTHORIZED"},
	access.ErrBusy.Reason:       {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},

	access.ErrSignatureMissing.Reason:   {http.StatusUnauthorized, "UNAUTHORIZED"},
	access.ErrSignatureWrong.Reason:     {http.StatusForbidden, "INVALID_SIGNATURE"},
	skill.ErrNobody.Reason:              {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrCopiesLeft.Reason:          {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},
	skill.ErrVerificationUnknown.Reason: {http.StatusNotFound, "NOT_FOUND"},

	outbox.ErrTestModeOnly.Reason:    {http.StatusForbidden, "TEST_MODE_ONLY"},
	outbox.ErrDeliveryUnknown.Reason: {http.StatusNotFound, "NOT_FOUND"},
	outbox.ErrRetryDelivered.Reason:  {http.StatusConflict, "ALREADY_DELIVERED"},
	outbox.ErrRetrySending.Reason:    {http.StatusConflict, "BEING_SENT"},
	outbox.ErrRetryCancelled.Reason:  {http.StatusConflict, "CONTENT_GONE"},
	outbox.ErrRetryEmpty.Reason:      {http.StatusConflict, "CONTENT_GONE"},
	outbox.ErrRetryBounced.Reason:    {http.StatusConflict, "CONTENT_GONE"},
	outbox.ErrReplayMail.Reason:      {http.StatusConflict, "CONTENT_GONE"},
	outbox.ErrReplayWaiting.Reason:   {http.StatusConflict, "STILL_WAITING"},
	outbox.ErrEndpointOff.Reason:     {http.StatusConflict, "ENDPOINT_DISABLED"},
	outbox.ErrEndpointOn.Reason:      {http.StatusNotFound, "NOT_FOUND"},

	access.ErrSignatureMissing.Reason: {http.StatusUnauthorized, "UNAUTHORIZED"},
	access.ErrSignatureWrong.Reason:   {http.StatusForbidden, "INVALID_SIGNATURE"},
	outbox.ErrReportUnread.Reason:     {http.StatusBadRequest, "INVALID_BOUNCE"},
	errReportType.Reason:              {http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
}

var internalError = wireError{http.StatusInternalServerError, "INTERNAL_ERROR"}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
}

type errorEnvelope struct {
	Success bool      `json:"success"`
	Error   errorBody `json:"error"`
}

// renderError writes any error in the envelope.
func renderError(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	wire, known := codes[f.Reason]
	if !known {
		wire = internalError
	}
	body := errorEnvelope{Error: errorBody{Code: wire.code, Message: f.Message}}
	if f.Kind == fault.Invalid {
		body.Error.Field = f.Field
	}
	web.RetryAfter(w, f)
	if err := web.WriteJSON(w, wire.status, body); err != nil {
		web.Note(r, err)
	}
}
