package assess

import "slices"

// Topic is a topic of the bank. Topics are all that a student's items can choose among, and so all that can come from them to whoever writes questions.
type Topic struct {
	Skill string // id of the bank's skill
	Name  string // of the skill
	Topic string
}

// Slot is a place of a paper that a question may be written for, instead of the one that the bank has drawn.
type Slot struct {
	Topic
	Difficulty Difficulty
}

// Written is a question that a model wrote for a slot; Slot is its place among them.
type Written struct {
	Question
	Slot int
}

// Topics lists the topics of the skills of some questions, each once, in the bank's order.
func (b *Bank) Topics(questions []Question) []Topic {
	var topics []Topic
	for _, s := range b.Skills {
		if !slices.ContainsFunc(questions, func(q Question) bool { return q.Skill == s.ID }) {
			continue
		}
		for _, q := range s.Questions {
			if t := (Topic{s.ID, s.Name, q.Topic}); !slices.Contains(topics, t) {
				topics = append(topics, t)
			}
		}
	}
	return topics
}

// Slots makes a slot of each of some drawn questions. Skill and difficulty stay; topics are, for each skill, those that were picked, each once and in the order in which they
// were picked, and then what the bank has drawn. Picked are places in topics; what is no such place is passed over.
func Slots(drawn []Question, topics []Topic, picked []int) []Slot {
	left := map[string][]Topic{}
	for i, p := range picked {
		if p >= 0 && p < len(topics) && !slices.Contains(picked[:i], p) {
			left[topics[p].Skill] = append(left[topics[p].Skill], topics[p])
		}
	}
	var slots []Slot
	for _, q := range drawn {
		i := slices.IndexFunc(topics, func(t Topic) bool { return t.Skill == q.Skill && t.Topic == q.Topic })
		topic := topics[i]
		if next := left[q.Skill]; len(next) > 0 {
			topic, left[q.Skill] = next[0], next[1:]
		}
		slots = append(slots, Slot{topic, q.Difficulty})
	}
	return slots
}

// Blind is the sheet on which written questions are solved by somebody who is not told what is right. Neither order nor places of options are those of the paper.
func Blind(written []Written, seed Seed) []Asked {
	var questions []Question
	for _, w := range written {
		questions = append(questions, w.Question)
	}
	return arrange(questions, seed.chance(forBlind))
}

// Agreed leaves the questions whose right option was chosen. Chosen are places of options in the order of the sheet; -1 says that not exactly one is right.
func Agreed(written []Written, sheet []Asked, chosen []int) (left []Written, dropped int) {
	for _, w := range written {
		i := slices.IndexFunc(sheet, func(a Asked) bool { return a.Key == w.Key() })
		if i < 0 || i >= len(chosen) || chosen[i] != sheet[i].Right {
			dropped++
			continue
		}
		left = append(left, w)
	}
	return left, dropped
}

// Replace puts written questions into their slots, which stand for the last drawn ones.
func Replace(drawn []Question, slots int, written []Written) []Question {
	paper := slices.Clone(drawn)
	for _, w := range written {
		paper[len(paper)-slots+w.Slot] = w.Question
	}
	return paper
}
