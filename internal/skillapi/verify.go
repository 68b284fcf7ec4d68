package skillapi

import (
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type opened struct {
	SessionToken   string  `json:"sessionToken"`
	VerificationID string  `json:"recordVerificationId"`
	KeyID          string  `json:"keyId"`
	UserID         string  `json:"recordUserId"`
	StudentID      string  `json:"externalStudentId"`
	ExpiresIn      int     `json:"expiresIn"`
	ExpiresAt      *string `json:"expiresAt"`
}

// verify is POST /verify (skills-api.md 5.1).
func (a api) verify(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	in, err := readInit(body)
	if err != nil {
		return answer{}, err
	}
	o, err := a.service.Init(c.Context(), c.apiKey, in)
	if err != nil {
		return answer{}, err
	}
	v := o.Verification
	data := opened{
		SessionToken: o.Token, VerificationID: v.ID, KeyID: v.Key, UserID: v.User, StudentID: v.Student,
		ExpiresIn: int(o.TTL.Seconds()), ExpiresAt: stamp(o.Session.ExpiresAt),
	}
	return answer{status: http.StatusCreated, data: data, timed: true}, nil
}

// readInit checks in the order of the contract's table.
func readInit(o web.Object) (skill.InitInput, error) {
	in := skill.InitInput{
		Student: id(o, "studentId"), Callback: text(o, "callbackWebhookUrl"), Name: text(o, "name"), Email: text(o, "email"), Phone: text(o, "phoneNumber"),
		Lists: skill.NewLists(o.Get("projects"), o.Get("experience"), o.Get("certificates")),
	}
	switch {
	case in.Student == "":
		return in, errNoStudentID
	case in.Callback == "":
		return in, errNoCallback
	case in.Name == "":
		return in, errNoName
	case skill.EmailKey(in.Email) == "" && skill.PhoneKey(in.Phone) == "":
		return in, errNoContact
	}
	err := in.Lists.Check()
	if err == nil {
		in.SkillIDs, err = ids(o.Get("skillIds"), errSkillIDs)
	}
	return in, err
}
