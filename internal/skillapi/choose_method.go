package skillapi

import (
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type chosenMethod struct {
	VerificationID string       `json:"recordVerificationId"`
	Method         skill.Method `json:"verificationMethod"`
}

// chooseMethod is POST /step2/verification-method (skills-api.md 5.5).
func (a api) chooseMethod(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	verification := id(body, "recordVerificationId")
	if verification == "" {
		return answer{}, errNoVerificationID
	}
	in, err := readMethod(body)
	if err != nil {
		return answer{}, err
	}
	in.Carriers = c.carriers(body)
	if err := a.service.ChooseMethod(c.Context(), c.apiKey, in); err != nil {
		return answer{}, err
	}
	data := chosenMethod{VerificationID: verification, Method: in.Method}
	return answer{status: http.StatusOK, data: data, message: "Verification method stored successfully"}, nil
}

// readMethod takes the optional endorsement type, too (skills-api.md 13.2).
func readMethod(o web.Object) (in skill.MethodInput, err error) {
	in.Method = skill.Method(text(o, "verificationMethod"))
	switch in.Method {
	case "":
		return in, errNoMethod
	case skill.Human, skill.Assessment:
	default:
		return in, errMethod
	}
	in.EndorsementType, err = readEndorsementType(o)
	return in, err
}
