select months as months_counted, last_run as months_in_a_row, first_month, last_month from counted where enough
