package storetest

import (
	"fmt"
	"time"

	"avow/internal/outbox"
)

// The crowd: receivers of webhooks, of which the first are dead and those after them slow.
const (
	crowdReceivers = 1000
	crowdDead      = 100
	crowdSlow      = 50
	crowdEach      = 3
	crowdLimit     = 16
)

// crowdTurns has a worker claim for a thousand receivers, each with several webhooks, as its loop does. A hundred never answer and keep what was claimed for them, fifty do
// after ten claims. Every receiver has its turn within as many claims as one turn for each takes, and nobody a second one before all have had theirs.
func (w *world) crowdTurns() {
	var all []outbox.Delivery
	for n := range crowdEach {
		for r := range crowdReceivers {
			all = append(all, w.webhook(fmt.Sprintf("c%d-%04d", n, r), fmt.Sprintf("r%04d.example", r), start.Add(-time.Duration(n*crowdReceivers+r)*time.Second)))
		}
	}
	for len(all) > 0 {
		w.put(all[:500]...)
		all = all[500:]
	}
	turns, after := map[string]int{}, ""
	var slow []outbox.Delivery
	const claims = (crowdReceivers + crowdLimit - 1) / crowdLimit
	for n := range claims {
		claimed, err := w.Claim(w.ctx, outbox.Claim{Kind: outbox.Webhook, Now: start, Until: start.Add(time.Hour), Limit: crowdLimit, After: after})
		w.must(err)
		for _, d := range claimed {
			turns[d.Lane]++
			after = max(after, d.Lane)
			switch receiver := 0; {
			case numbered(d.Target, &receiver) && receiver < crowdDead:
			case receiver < crowdDead+crowdSlow:
				slow = append(slow, d)
			default:
				w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: start})
			}
		}
		if n%10 == 9 {
			for _, d := range slow {
				w.settle(d, outbox.Result{State: outbox.Delivered, Outcome: outbox.Succeeded, At: start})
			}
			slow = nil
		}
	}
	if len(turns) != crowdReceivers {
		w.Errorf("got a turn for %d receivers within %d claims, want all %d", len(turns), claims, crowdReceivers)
	}
	for lane, n := range turns {
		if n != 1 {
			w.Errorf("%s: got %d turns, want one before everybody has had theirs", lane, n)
		}
	}
}

func numbered(target string, n *int) bool {
	_, err := fmt.Sscanf(target, "https://r%04d.example/in", n)
	return err == nil
}
