package jacinth

// RepliesHeld is how many bytes the replies of s hold, as they are counted.
func RepliesHeld(s *Service) int64 { return s.replies.used.Load() }

// RepliesSending is how many long replies are being written.
func RepliesSending(s *Service) int {
	s.replies.mu.Lock()
	defer s.replies.mu.Unlock()
	return len(s.replies.sending)
}
