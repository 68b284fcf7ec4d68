package skillapi

import (
	"net/http"

	"avow/internal/access"
	"avow/internal/skill"
	"avow/internal/web"
)

type endpointShown struct {
	ID         string      `json:"id"`
	URL        string      `json:"url"`
	Events     []string    `json:"events"`
	Mode       access.Mode `json:"mode"`
	CreatedAt  *string     `json:"createdAt"`
	DisabledAt *string     `json:"disabledAt"`
	Secret     string      `json:"secret,omitempty"` // once
}

func endpointOf(e access.Endpoint) endpointShown {
	return endpointShown{ID: e.ID, URL: e.URL, Events: e.Events, Mode: e.Mode, CreatedAt: stamp(e.CreatedAt), DisabledAt: stamp(e.DisabledAt)}
}

// register is POST /webhooks.
func (a api) register(c call) (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	url := text(body, "url")
	if url == "" {
		return answer{}, errNoHookURL
	}
	events, ok := web.ParseStrings(body.Get("events"))
	if len(events) == 0 || !ok {
		return answer{}, errNoEvents
	}
	made, err := a.service.Register(c.Context(), c.apiKey, url, events)
	if err != nil {
		return answer{}, err
	}
	shown := endpointOf(made)
	shown.Secret = made.WebhookSecret()
	return answer{status: http.StatusCreated, data: shown}, nil
}

// endpoints is GET /webhooks.
func (a api) endpoints(c call) (answer, error) {
	all, err := a.service.Endpoints(c.Context(), c.apiKey)
	if err != nil {
		return answer{}, err
	}
	data := []endpointShown{}
	for _, e := range all {
		data = append(data, endpointOf(e))
	}
	return answer{status: http.StatusOK, data: data}, nil
}

// unregister is DELETE /webhooks/{id}.
func (a api) unregister(c call) (answer, error) {
	id := skill.CallerID(c.PathValue("id"))
	if err := a.service.Unregister(c.Context(), c.apiKey, id); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, data: struct {
		ID string `json:"id"`
	}{id}}, nil
}
