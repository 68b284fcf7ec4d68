package skillapi

import (
	"net/http"

	"avow/internal/skill"
	"avow/internal/web"
)

type storedProject struct {
	RecordID   string `json:"recordProjectId"`
	ExternalID string `json:"externalProjectId"`
	Name       string `json:"projectName"`
}

type storedExperience struct {
	RecordID   string `json:"recordExperienceId"`
	ExternalID string `json:"externalExpId"`
	Role       string `json:"role"`
	Company    string `json:"companyName"`
}

type storedCertificate struct {
	RecordID   string `json:"recordCertificateId"`
	ExternalID string `json:"externalCertificateId"`
	Name       string `json:"certificateName"`
}

type storedLists struct {
	Projects     []storedProject     `json:"projects"`
	Experience   []storedExperience  `json:"experience"`
	Certificates []storedCertificate `json:"certificates"`
}

type storedSelection struct {
	VerificationID string      `json:"recordVerificationId"`
	UserID         string      `json:"recordUserId"`
	Stored         storedLists `json:"stored"`
}

// storeItems is POST /step3/store-verification-items/store (skills-api.md 5.6).
func (a api) storeItems(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	token := text(body, "sessionToken")
	if token == "" {
		return answer{}, errNoSessionToken
	}
	sources, err := readSources(body)
	if err != nil {
		return answer{}, err
	}
	s, err := a.service.StoreItems(c.Context(), c.apiKey, token, sources)
	if err != nil {
		return answer{}, err
	}
	data := storedSelection{VerificationID: s.Verification.ID, UserID: s.Verification.User, Stored: storedListsOf(s.Items)}
	return answer{status: http.StatusCreated, data: data, message: "Verification items synced successfully"}, nil
}

func readSources(o web.Object) ([]skill.Source, error) {
	var sources []skill.Source
	for _, list := range []struct {
		name string
		kind skill.Kind
	}{{"projectIds", skill.Project}, {"workExperienceIds", skill.Experience}, {"credentialIds", skill.Certificate}} {
		ids, err := ids(o.Get(list.name), skill.ErrDataFormat.On(list.name))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			sources = append(sources, skill.Source{Kind: list.kind, ID: id})
		}
	}
	if len(sources) == 0 {
		return nil, errNoItems
	}
	return sources, nil
}

func storedListsOf(items []skill.Item) storedLists {
	l := storedLists{Projects: []storedProject{}, Experience: []storedExperience{}, Certificates: []storedCertificate{}}
	for _, item := range items {
		switch item.Kind {
		case skill.Project:
			l.Projects = append(l.Projects, storedProject{RecordID: item.RecordID, ExternalID: item.ID, Name: item.Title})
		case skill.Experience:
			l.Experience = append(l.Experience, storedExperience{RecordID: item.RecordID, ExternalID: item.ID, Role: item.Title, Company: item.Organisation})
		case skill.Certificate:
			l.Certificates = append(l.Certificates, storedCertificate{RecordID: item.RecordID, ExternalID: item.ID, Name: item.Title})
		}
	}
	return l
}
