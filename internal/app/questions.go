package app

import (
	"avow/internal/aimodel"
	"avow/internal/assess"
)

// generator is where the questions of assessments come from: the bank and, where one is configured, a model that writes some of them; or what was given in their place.
func (a *App) generator() assess.Generator {
	if a.o.Generator != nil {
		return a.o.Generator
	}
	c := a.o.Config
	if c.AIURL == "" {
		return a.Questions
	}
	return aimodel.New(aimodel.Options{
		URL: c.AIURL, Key: c.AIKey.Reveal(), Model: c.AIModel, Library: a.Questions, Now: a.o.Now, Observe: a.observeQuestions,
	})
}

func (a *App) observeQuestions(r aimodel.Report) {
	a.Metrics.PaperWritten(string(r.Outcome))
	if r.Err != nil {
		a.o.Log.Warn("the questions of an assessment come from the bank alone", "outcome", r.Outcome, "error", r.Err)
		return
	}
	a.o.Log.Info("questions of an assessment", "outcome", r.Outcome, "places", r.Places, "written", r.Written, "dropped", r.Flaws)
}
