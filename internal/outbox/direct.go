package outbox

import "context"

// Send makes one attempt at a delivery that waits in no queue, for a caller who wants to hear how it ended. The worker is a Sender by it.
func (w *Worker) Send(ctx context.Context, d Delivery) (Answer, error) {
	o := w.send(ctx, d)
	return o.answer, o.err
}
