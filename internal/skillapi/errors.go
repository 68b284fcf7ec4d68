package skillapi

import (
	"errors"
	"net/http"

	"avow/internal/access"
	"avow/internal/assess"
	"avow/internal/fault"
	"avow/internal/limit"
	"avow/internal/skill"
	"avow/internal/web"
)

// Refusals of a request's shape, before any rule has seen it.
var (
	errNoStudentID      = fault.New(fault.Invalid, "student_id_missing", "The member studentId is required.").On("studentId")
	errNoCallback       = fault.New(fault.Invalid, "callback_missing", "The member callbackWebhookUrl is required.").On("callbackWebhookUrl")
	errNoName           = fault.New(fault.Invalid, "name_missing", "The member name is required.").On("name")
	errNoContact        = fault.New(fault.Invalid, "contact_missing", "One of the members email and phoneNumber is required.").On("email")
	errSkillIDs         = fault.New(fault.Invalid, "skill_ids", "The member skillIds must be an array of strings.").On("skillIds")
	errNoVerificationID = fault.New(fault.Invalid, "verification_id_missing", "The recordVerificationId is required.").On("recordVerificationId")
	errNoSkills         = fault.New(fault.Invalid, "skills_missing", "The member skills must be an array with at least one skill.").On("skills")
	errNoSkillID        = fault.New(fault.Invalid, "skill_id_missing", "Each skill must be an object with a skillId.").On("skills")
	errNoMethod         = fault.New(fault.Invalid, "method_missing", "The member verificationMethod is required.").On("verificationMethod")
	errMethod           = fault.New(fault.Invalid, "method", "The method must be human or assessment, and an endorsementType one of the five.").On("verificationMethod")
	errNoSessionToken   = fault.New(fault.Invalid, "session_token_missing", "The sessionToken is required.").On("sessionToken")
	errNoItems          = fault.New(fault.Invalid, "items_missing", "At least one project, experience or certificate must be selected.")
	errNoURL            = fault.New(fault.Invalid, "url_missing", "The member url is required.").On("url")
	errNoData           = fault.New(fault.Invalid, "email_data_missing", "The members sessionToken and email are required.")
	errNoEmail          = fault.New(fault.Invalid, "email_missing", "The member email is required.").On("email")
	errNoCompany        = fault.New(fault.Invalid, "company_missing", "The member company is required.").On("company")
	errNoWebsite        = fault.New(fault.Invalid, "website_missing", "The parameter website is required.").On("website")
	errNoReviewerToken  = fault.New(fault.Invalid, "reviewer_token_missing", "The parameter reviewerToken is required.").On("reviewerToken")
	errNoSkillIDs       = fault.New(fault.Invalid, "skill_ids_missing", "The member skillIds must be an array with at least one id.").On("skillIds")
	errAnswer           = fault.New(fault.Invalid, "answer", "The answer is skillIds, or answers for every skill, or the decision decline with one of its reasons; not several of them.")
	errNoAnswers        = fault.New(fault.Invalid, "answers_missing", "The member answers must be an array with at least one answer.").On("answers")
	errNoUserID         = fault.New(fault.Invalid, "user_id_missing", "The recordUserId is required.").On("recordUserId")
	errNoGuideUser      = fault.New(fault.Invalid, "guide_user_missing", "The userId is required.").On("userId")
	errNoSkillName      = fault.New(fault.Invalid, "skill_name_missing", "Each skill must be a name.").On("skills")
	errNoGuideMethod    = fault.New(fault.Invalid, "guide_method_missing", "The member method is required.").On("method")
	errGuideMethod      = fault.New(fault.Invalid, "guide_method", "The method must be human_endorsement or assessment, and an endorsementType one of the five.").On("method")
	errNoHookURL        = fault.New(fault.Invalid, "registered_url_missing", "The member url is required.").On("url")
	errNoEvents         = fault.New(fault.Invalid, "registered_events_missing", "The member events must be an array with at least one event.").On("events")
	errParameter        = fault.New(fault.Invalid, "parameter", "A parameter cannot be read.")
	errSessionStorage   = fault.New(fault.Internal, "session_storage", "The session could not be stored.")
)

// wireError is how a reason is told on the wire.
type wireError struct {
	status int
	code   string
}

// codes is the one place where reasons become statuses and codes (skills-api.md 17, 18).
var codes = map[fault.Reason]wireError{
	web.ErrRouteUnknown.Reason: {http.StatusNotFound, "NOT_FOUND"},
	web.ErrMethod.Reason:       {http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"},
	web.ErrContentType.Reason:  {http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
	web.ErrJSON.Reason:         {http.StatusBadRequest, "INVALID_JSON"},
	web.ErrTooLarge.Reason:     {http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE"},

	access.ErrKeyUnknown.Reason: {http.StatusUnauthorized, "UNAUTHORIZED"},
	access.ErrBusy.Reason:       {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},
	limit.ErrAway.Reason:        {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"},
	limit.ErrTooMany.Reason:     {http.StatusTooManyRequests, "RATE_LIMITED"},

	access.ErrSignatureMissing.Reason: {http.StatusUnauthorized, ""}, // of an endpoint without codes, like the next
	access.ErrSignatureWrong.Reason:   {http.StatusForbidden, ""},

	errNoStudentID.Reason:      {http.StatusBadRequest, "MISSING_STUDENT_ID"},
	errNoCallback.Reason:       {http.StatusBadRequest, "MISSING_CALLBACK_WEBHOOK_URL"},
	errNoName.Reason:           {http.StatusBadRequest, "MISSING_NAME"},
	errNoContact.Reason:        {http.StatusBadRequest, "MISSING_CONTACT"},
	errSkillIDs.Reason:         {http.StatusBadRequest, "INVALID_SKILL_IDS"},
	errNoVerificationID.Reason: {http.StatusBadRequest, "MISSING_VERIFICATION_ID"},
	errNoSkills.Reason:         {http.StatusBadRequest, "MISSING_SKILLS"},
	errNoSkillID.Reason:        {http.StatusBadRequest, "MISSING_SKILL_ID"},
	errNoMethod.Reason:         {http.StatusBadRequest, "MISSING_VERIFICATION_METHOD"},
	errMethod.Reason:           {http.StatusBadRequest, "INVALID_VERIFICATION_METHOD"},
	errNoSessionToken.Reason:   {http.StatusBadRequest, "MISSING_SESSION_TOKEN"},
	errNoItems.Reason:          {http.StatusBadRequest, "NO_ITEMS_SELECTED"},
	errNoURL.Reason:            {http.StatusBadRequest, ""}, // of an endpoint without codes
	errNoData.Reason:           {http.StatusBadRequest, "MISSING_DATA"},
	errNoEmail.Reason:          {http.StatusBadRequest, "MISSING_EMAIL"},
	errNoCompany.Reason:        {http.StatusBadRequest, "MISSING_COMPANY"},
	errNoWebsite.Reason:        {http.StatusBadRequest, "MISSING_WEBSITE"},
	errNoReviewerToken.Reason:  {http.StatusBadRequest, "MISSING_REVIEWER_TOKEN"},
	errNoSkillIDs.Reason:       {http.StatusBadRequest, "MISSING_SKILL_IDS"},
	errAnswer.Reason:           {http.StatusBadRequest, "INVALID_DATA_FORMAT"},
	errNoUserID.Reason:         {http.StatusBadRequest, ""},
	errNoGuideUser.Reason:      {http.StatusBadRequest, "MISSING_USER_ID"},
	errNoSkillName.Reason:      {http.StatusBadRequest, "MISSING_SKILL_ID"},
	errNoGuideMethod.Reason:    {http.StatusBadRequest, "MISSING_VERIFICATION_METHOD"},
	errGuideMethod.Reason:      {http.StatusBadRequest, "INVALID_VERIFICATION_METHOD"},
	errNoHookURL.Reason:        {http.StatusBadRequest, "MISSING_URL"},
	errNoEvents.Reason:         {http.StatusBadRequest, "MISSING_EVENTS"},
	errParameter.Reason:        {http.StatusBadRequest, "INVALID_PARAMETER"},
	errSessionStorage.Reason:   {http.StatusInternalServerError, "SESSION_STORAGE_FAILED"},

	skill.ErrDataFormat.Reason:          {http.StatusBadRequest, "INVALID_DATA_FORMAT"},
	skill.ErrNoData.Reason:              {http.StatusBadRequest, "NO_DATA"},
	skill.ErrCallback.Reason:            {http.StatusBadRequest, "INVALID_CALLBACK_WEBHOOK_URL"},
	skill.ErrNoCarrier.Reason:           {http.StatusBadRequest, "MISSING_VERIFICATION_ID"},
	skill.ErrSessionMismatch.Reason:     {http.StatusBadRequest, "SESSION_MISMATCH"},
	skill.ErrSessionUnknown.Reason:      {http.StatusNotFound, "SESSION_NOT_FOUND"},
	skill.ErrUserMismatch.Reason:        {http.StatusBadRequest, "USER_MISMATCH"},
	skill.ErrCompleted.Reason:           {http.StatusConflict, "ALREADY_VERIFIED"},
	skill.ErrMethodNotSet.Reason:        {http.StatusBadRequest, "VERIFICATION_METHOD_NOT_SET"},
	skill.ErrItemsUnknown.Reason:        {http.StatusBadRequest, "INVALID_ITEM_IDS"},
	skill.ErrSkillsDuplicate.Reason:     {http.StatusConflict, "DUPLICATE_SKILLS_IN_BUNDLE"},
	skill.ErrSkillsOverLimit.Reason:     {http.StatusConflict, "MAX_SKILLS_PER_SOURCE"},
	skill.ErrAssessmentPassed.Reason:    {http.StatusConflict, "ASSESSMENT_ALREADY_PASSED"},
	skill.ErrSkillsUnknown.Reason:       {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrVerificationUnknown.Reason: {http.StatusNotFound, "NOT_FOUND"},

	skill.ErrEmail.Reason:                  {http.StatusBadRequest, "INVALID_EMAIL"},
	skill.ErrWebsite.Reason:                {http.StatusBadRequest, "INVALID_WEBSITE"},
	skill.ErrMethodOther.Reason:            {http.StatusBadRequest, "INVALID_VERIFICATION_TYPE"},
	skill.ErrVerificationUnresolved.Reason: {http.StatusNotFound, "VERIFICATION_NOT_FOUND"},
	skill.ErrReviewerTaken.Reason:          {http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL"},
	skill.ErrSelfReview.Reason:             {http.StatusConflict, "DUPLICATE_REVIEWER_EMAIL"},
	skill.ErrNoReviewer.Reason:             {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrReviewerUnknown.Reason:        {http.StatusNotFound, "REVIEWER_NOT_FOUND"},
	skill.ErrNothingAsked.Reason:           {http.StatusNotFound, "NO_SKILLS_FOUND"},
	skill.ErrMailFailed.Reason:             {http.StatusInternalServerError, "EMAIL_SEND_FAILED"},
	skill.ErrNotSent.Reason:                {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrReviewUnknown.Reason:          {http.StatusUnauthorized, "INVALID_REVIEWER_TOKEN"},
	skill.ErrReviewExpired.Reason:          {http.StatusGone, "REVIEWER_TOKEN_EXPIRED"},
	skill.ErrPersonUnknown.Reason:          {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrEndpointURL.Reason:            {http.StatusBadRequest, "INVALID_WEBHOOK_URL"},
	skill.ErrEndpointEvents.Reason:         {http.StatusBadRequest, "INVALID_EVENTS"},
	skill.ErrEndpointKnown.Reason:          {http.StatusConflict, "WEBHOOK_EXISTS"},
	skill.ErrEndpointsFull.Reason:          {http.StatusConflict, "MAX_WEBHOOKS"},
	skill.ErrEndpointUnknown.Reason:        {http.StatusNotFound, "NOT_FOUND"},
	skill.ErrSkillsForeign.Reason:          {http.StatusBadRequest, "INVALID_SKILL_IDS"},

	errNoAnswers.Reason:          {http.StatusBadRequest, "MISSING_ANSWERS"},
	skill.ErrMethodHuman.Reason:  {http.StatusBadRequest, "INVALID_VERIFICATION_TYPE"},
	skill.ErrNoSkills.Reason:     {http.StatusBadRequest, "NO_SKILLS"},
	skill.ErrRetakePassed.Reason: {http.StatusForbidden, "ASSESSMENT_PASSED"},
	skill.ErrGeneration.Reason:   {http.StatusInternalServerError, "GENERATION_FAILED"},
	assess.ErrLocked.Reason:      {http.StatusForbidden, "ASSESSMENT_LOCKED"},
	assess.ErrNotDrawn.Reason:    {http.StatusNotFound, "NO_QUESTIONS"},
	assess.ErrIncomplete.Reason:  {http.StatusBadRequest, "INCOMPLETE_ANSWERS"},
	assess.ErrAnswer.Reason:      {http.StatusBadRequest, "INVALID_ANSWER"},
	assess.ErrSubmitted.Reason:   {http.StatusConflict, "ATTEMPT_ALREADY_SUBMITTED"},
	assess.ErrNoAttempt.Reason:   {http.StatusBadRequest, "NO_PRIOR_ATTEMPT"},
	assess.ErrTooSoon.Reason:     {http.StatusTooManyRequests, "RETAKE_TOO_SOON"},
	assess.ErrNoQuestions.Reason: {http.StatusInternalServerError, "GENERATION_FAILED"},
}

var internalError = wireError{http.StatusInternalServerError, "INTERNAL_ERROR"}

// errorBody is the body of every error; what comes after the message belongs to single codes.
type errorBody struct {
	Code            string     `json:"code"`
	Message         string     `json:"message"`
	DuplicateSkills []skillRef `json:"duplicateSkills,omitempty"`
	Limit           int        `json:"limit,omitempty"`
	Current         int        `json:"current,omitempty"`
	InvalidIDs      []string   `json:"invalidIds,omitempty"`
}

type skillRef struct {
	ID   string  `json:"skillId"`
	Name *string `json:"name"`
}

type errorEnvelope struct {
	Success bool      `json:"success"`
	Error   errorBody `json:"error"`
}

// plainError marks the errors of endpoints whose errors have no code, and is their body (skills-api.md 2).
type plainError struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	err     error
}

func (e plainError) Error() string { return e.err.Error() }

func (e plainError) Unwrap() error { return e.err }

// plainly makes an endpoint's errors plain.
func plainly(e endpoint) endpoint {
	return func(c call) (answer, error) {
		said, err := e(c)
		if err != nil {
			err = plainError{Message: fault.From(err).Message, err: err}
		}
		return said, err
	}
}

// renderError writes any error in the contract's shape.
func renderError(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	wire, known := codes[f.Reason]
	if !known {
		wire = internalError
	}
	body := errorBody{Code: wire.code, Message: f.Message}
	body.tell(f.Detail)
	var shown any = errorEnvelope{Error: body}
	if plain := (plainError{}); errors.As(err, &plain) {
		shown = plain
	}
	web.RetryAfter(w, f)
	if err := web.WriteJSON(w, wire.status, shown); err != nil {
		web.Note(r, err)
	}
}

func skillRefs(refs []skill.SkillRef) (shown []skillRef) {
	for _, s := range refs {
		shown = append(shown, skillRef{ID: s.ID, Name: orNull(s.Name)})
	}
	return shown
}

func (b *errorBody) tell(detail any) {
	switch d := detail.(type) {
	case []skill.SkillRef:
		b.DuplicateSkills = skillRefs(d)
	case skill.Overflow:
		b.Limit, b.Current = d.Limit, d.Current
	case []string:
		b.InvalidIDs = d
	}
}
