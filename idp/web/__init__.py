"""What is seen over HTTP: routes, pages, cookies and the themes that pages are drawn with."""
