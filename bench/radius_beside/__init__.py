"""What the RADIUS benchmark needs: a load, a stock FreeRADIUS, and a server of ours."""
