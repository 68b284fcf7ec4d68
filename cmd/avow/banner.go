package main

import (
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed banner.txt
var bannerText string

var bannerTemplate = template.Must(template.New("banner").Parse(bannerText))

// banner tells a person what runs and what to paste.
func (s *session) banner(line readyLine) error {
	if err := bannerTemplate.Execute(s.env.out, line); err != nil {
		return fmt.Errorf("banner: %w", err)
	}
	return nil
}
