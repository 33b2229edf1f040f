package discovery

// OpenSmallFile opens a registry whose file may have so many bytes.
func OpenSmallFile(path string, limit int) (*File, error) {
	f, err := OpenFile(path)
	if err == nil {
		f.disk.Limit = limit
		f.known = false
		_, err = f.look()
	}
	return f, err
}
