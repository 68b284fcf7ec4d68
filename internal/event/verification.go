package event

// Head is what every webhook body of the skill contract begins with (skills-api.md 7).
type Head struct {
	Event           Name    `json:"event"`
	ID              string  `json:"webhookEventId"` // evt_…; the same on every attempt
	Timestamp       Instant `json:"timestamp"`      // of the event, not of the attempt
	Mode            string  `json:"mode"`           // live or test
	Key             string  `json:"keyId"`
	Verification    string  `json:"recordVerificationId"`
	User            string  `json:"recordUserId"`
	Student         string  `json:"externalStudentId"`
	Method          string  `json:"verificationMethod"` // human or assessment
	EndorsementType *string `json:"endorsementType"`
	Status          string  `json:"status"` // pending, completed or, of registered endpoints, expired
}

// Initiated is the body of verification.initiated: no results yet.
type Initiated struct {
	Head
	ExpiresAt Instant `json:"expiresAt,omitzero"`       // human: when the reviewer's link ends
	Evidence  string  `json:"evidenceDigest,omitempty"` // human: what the reviewer is shown
}

// Completed is the body of verification.completed: the full results.
type Completed struct {
	Head
	Skills        List[Skill]  `json:"skills"`
	Sources       Sources      `json:"sources"`
	Reviewer      *Reviewer    `json:"reviewer"`   // nil: by assessment
	Assessment    *Assessment  `json:"assessment"` // nil: by a reviewer
	Summary       Summary      `json:"summary"`
	Signals       List[Signal] `json:"signals,omitempty"`        // what is odd about a review, never a verdict (18.15)
	DeclineReason string       `json:"declineReason,omitempty"`  // the reviewer declined (18.16)
	Evidence      string       `json:"evidenceDigest,omitempty"` // human: what the reviewer saw, the same as when the mail was sent
}

// MailBounced is the body of mail.bounced.
type MailBounced struct {
	Head
	Bounce Bounce `json:"bounce"`
}

// Bounce tells of a mail that a relay had taken and that could not be delivered behind it. Both contracts' webhooks have it.
type Bounce struct {
	Mail       string `json:"mail"` // the delivery's id, dlv_…
	Recipient  string `json:"recipient"`
	Status     string `json:"status"`     // such as 5.1.1 (RFC 3463)
	Diagnostic string `json:"diagnostic"` // in the words of a mail server; may be empty
}

// Skill is one skill's result.
type Skill struct {
	ID         string       `json:"skillId"`
	Name       *string      `json:"name"`
	Status     string       `json:"status"` // verified, rejected or pending
	Verified   bool         `json:"verified"`
	VerifiedAt Instant      `json:"verifiedAt"`
	VerifiedBy *string      `json:"verifiedBy"` // reviewer or assessment
	ProofURLs  List[string] `json:"proofUrls"`
	Answer     string       `json:"answer,omitempty"` // what the reviewer said of this very skill: confirmed, not_confirmed or cannot_judge
}

// Signal is something odd about a review.
type Signal struct {
	Code    string `json:"signal"`
	Meaning string `json:"meaning"` // in a sentence for people
}

// Sources are the items that back the skills, with the names that endpoint 7 gives their members (5.7).
type Sources struct {
	Projects     List[Project]     `json:"projects"`
	Experience   List[Experience]  `json:"experience"`
	Certificates List[Certificate] `json:"certificates"`
}

// Project is a project as evidence.
type Project struct {
	ID          string  `json:"externalProjectId"`
	Name        string  `json:"projectName"`
	Description *string `json:"description"`
	Start       Instant `json:"startDate"`
	End         Instant `json:"endDate"`
}

// Experience is a job as evidence.
type Experience struct {
	ID          string  `json:"externalExpId"`
	Company     string  `json:"companyName"`
	Role        string  `json:"role"`
	Description *string `json:"description"`
	Start       Instant `json:"startDate"`
	End         Instant `json:"endDate"`
}

// Certificate is a certificate as evidence.
type Certificate struct {
	ID     string  `json:"externalCertificateId"`
	Name   string  `json:"certificateName"`
	Issuer *string `json:"issuedCompanyName"`
	Issued Instant `json:"issueDate"`
}

// Reviewer is who endorsed.
type Reviewer struct {
	Name    string  `json:"name"`
	Email   string  `json:"email"`
	Company string  `json:"company"`
	Website *string `json:"website"`
}

// Assessment is how an assessment ended.
type Assessment struct {
	Score          int  `json:"score"` // per cent, whole
	Passed         bool `json:"passed"`
	Attempt        int  `json:"attemptNumber"`
	CorrectAnswers int  `json:"correctAnswers"`
	TotalQuestions int  `json:"totalQuestions"`
	Locked         bool `json:"isLocked"`
}

// Summary counts what the body holds.
type Summary struct {
	SkillsVerified int `json:"totalSkillsVerified"`
	Projects       int `json:"totalProjects"`
	Experience     int `json:"totalExperience"`
	Certificates   int `json:"totalCertificates"`
}
