package skillapi

import (
	"net/http"

	"avow/internal/skill"
)

type shownProject struct {
	ExternalID  string  `json:"externalProjectId"`
	Name        string  `json:"projectName"`
	Description *string `json:"description"`
	StartDate   *string `json:"startDate"`
	EndDate     *string `json:"endDate"`
}

type shownExperience struct {
	ExternalID  string  `json:"externalExpId"`
	Company     string  `json:"companyName"`
	Role        string  `json:"role"`
	Description *string `json:"description"`
	StartDate   *string `json:"startDate"`
	EndDate     *string `json:"endDate"`
}

type shownCertificate struct {
	ExternalID string  `json:"externalCertificateId"`
	Name       string  `json:"certificateName"`
	Issuer     *string `json:"issuedCompanyName"`
	IssueDate  *string `json:"issueDate"`
}

type shownItems struct {
	VerificationID string             `json:"recordVerificationId"`
	Projects       []shownProject     `json:"projects"`
	Experience     []shownExperience  `json:"experience"`
	Certificates   []shownCertificate `json:"certificates"`
}

// items is GET /step3/store-verification-items/get/{recordVerificationId} (skills-api.md 5.7).
func (a api) items(c call, verification string) (answer, error) {
	if skill.Blank(verification) {
		return answer{}, errNoVerificationID
	}
	items, err := a.service.Items(c.Context(), verification)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: shownItemsOf(verification, items), timed: true}, nil
}

func shownItemsOf(verification string, items []skill.Item) shownItems {
	l := shownItems{VerificationID: verification, Projects: []shownProject{}, Experience: []shownExperience{}, Certificates: []shownCertificate{}}
	for _, item := range items {
		description, start, end := orNull(item.Description), stamp(item.Start), stamp(item.End)
		switch item.Kind {
		case skill.Project:
			l.Projects = append(l.Projects, shownProject{item.ID, item.Title, description, start, end})
		case skill.Experience:
			l.Experience = append(l.Experience, shownExperience{item.ID, item.Organisation, item.Title, description, start, end})
		case skill.Certificate:
			l.Certificates = append(l.Certificates, shownCertificate{item.ID, item.Title, orNull(item.Organisation), start})
		}
	}
	return l
}
